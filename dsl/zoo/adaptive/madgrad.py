"""MADGRAD."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import cbrt, copy_w, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Adaptivity without Compromise: A Momentumized, Adaptive, Dual Averaged Gradient Method "
    "for Stochastic Optimization (Defazio and Jelassi)",
    year=2022,
    reference=Reference(
        "pytorch_optimizer:MADGRAD",
        {
            "lr": "lr",
            "momentum": "b1",
            "eps": "eps",
            "weight_decay": "wd",
            "weight_decouple": False,
            "foreach": False,
        },
    ),
    hypers={"b1": Hyper("share of the parameters that an average with the new point keeps", 0, 1)},
)
def madgrad(
    w, g, t, start=copy_w, s=zeros, q=zeros, *, lr=1e-2, b1=0.9, eps=1e-6, wd=0.0
):  # fmt: skip
    """MADGRAD: dual averaging over the cube root of summed squares, averaged into the parameters.

    The point that the parameters are averaged with is the start less the weighted sum of gradients
    over the cube root of that of squares, to which eps is added. Step t has the weight (lr + eps) *
    sqrt(t) in both sums. Weight decay is coupled (added to the gradient).
    """
    g = g + wd * w
    weight = (lr + eps) * sqrt(t)
    q = q + weight * square(g)
    s = s + weight * g
    z = start - s / (cbrt(q) + eps)
    return (1 - b1) * (w - z)
