"""BCOS."""

from dsl.ops import first_g, interp, sqrt, square
from dsl.zoo.entry import Dense, entry


@entry(
    paper="Stochastic Approximation with Block Coordinate Optimal Stepsizes (Jiang and Xiao)",
    year=2025,
    reference=Dense(),
)
def bcos(w, g, m=first_g, *, lr=1e-3, b1=0.9, eps=1e-6, wd=0.1):
    """BCOS-c: momentum over a root that needs no state, since momentum stands for past gradients.

    The square of the momentum before the step and that of the gradient make the second moment, with
    the weight (1 - b1)^2 for the second: the authors' code, whose conditional estimator this is.
    Momentum starts at the first gradient, so nothing is corrected. eps is added to the root. Weight
    decay is decoupled and reads the parameters before the step.
    """
    v = interp(square(m), square(g), square(1 - b1))
    m = interp(g, m, b1)
    return lr * (m / (sqrt(v) + eps) + wd * w)
