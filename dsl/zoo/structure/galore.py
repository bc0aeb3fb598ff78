"""GaLore."""

from dsl.ops import (
    eigenvectors,
    every,
    gram,
    identity,
    interp,
    leading,
    mode_product,
    shortest,
    sqrt,
    square,
    transpose,
    when,
    zeros,
)
from dsl.zoo.entry import Dense, entry
from dsl.zoo.hypers import Hyper


@entry(
    paper="GaLore: Memory-Efficient LLM Training by Gradient Low-Rank Projection (Zhao et al.)",
    year=2024,
    reference=Dense(at={"size": 2, "period": 7}, ranks=(2,)),
    hypers={
        "size": Hyper("dimensions that the gradient is projected to", 1, whole=True),
        "period": Hyper("steps between changes of the projection", 1, whole=True),
        "scale": Hyper("of what is projected back"),
    },
)
def galore(
    w, g, t, m=zeros, v=zeros, q=identity(0),
    *, lr=1e-2, b1=0.9, b2=0.999, eps=1e-6, wd=0.0, size=128, period=200, scale=0.25,
):  # fmt: skip
    """GaLore: Adam on the gradient projected to its leading singular vectors on the shorter side.

    For matrices. The projection is made anew from the gradient of steps 1, 1 + period, ... before
    it is used, a square matrix being projected from the right. The moments are not turned with it,
    so the signs of singular vectors matter: the largest entry of each is positive here, where
    the authors take what the decomposition returns. Both moments are kept at full size with zeros
    outside of the projection. eps is added to the root before its bias correction. Weight decay is
    decoupled and acts on the parameters that the step leaves.
    """
    q = when(every(t, period, 1), shortest(leading(eigenvectors(gram(g)), size)), q)
    r = mode_product(transpose(q), g)
    m = interp(r, m, b1)
    v = interp(square(r), v, b2)
    u = mode_product(q, m / (sqrt(v) + eps))
    u = lr * sqrt(1 - b2**t) / (1 - b1**t) * scale * u
    return u + lr * wd * (w - u)
