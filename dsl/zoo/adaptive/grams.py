"""Grams."""

from dsl.ops import abs, interp, sign, sqrt, square, zeros
from dsl.zoo.entry import Dense, entry


@entry(
    paper="Grams: Gradient Descent with Adaptive Momentum Scaling (Cao et al.)",
    year=2024,
    reference=Dense(),
)
def grams(w, g, t, m=zeros, v=zeros, *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-6, wd=0.0):
    """Grams: the magnitude of Adam's step in the direction of the gradient's sign.

    An entry whose gradient is 0 does not move. eps is added to the root before its bias correction,
    as the authors' code does. Weight decay is decoupled and reads the parameters before the step.
    """
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    u = sqrt(1 - b2**t) / (1 - b1**t) * abs(m) / (sqrt(v) + eps)
    return lr * (sign(g) * u + wd * w)
