"""PNM."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import interp, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Positive-Negative Momentum: Manipulating Stochastic Gradient Noise to Improve "
    "Generalization (Xie et al.)",
    year=2021,
    reference=Reference(
        "pytorch_optimizer:PNM",
        {
            "lr": "lr",
            "betas": ("b1", "b0"),
            "weight_decay": "wd",
            "weight_decouple": True,
            "foreach": False,
        },
        at={"lr": 0.05},
    ),
    hypers={
        "b1": Hyper("decay per step of averages that take every other gradient", 0, 1),
        "b0": Hyper("how much of the other momentum is taken away"),
    },
)
def pnm(w, g, m=zeros, other=zeros, *, lr=1e-3, b1=0.9, wd=0.0, b0=1.0):
    """PNM: more than one momentum, less another: those of gradients of odd and of even steps.

    The difference has the mean of a momentum and more of its noise, and is scaled to the size that
    its noise would have without. A momentum is an average with decay b1 squared, since it is due
    on every second step. Weight decay is decoupled and reads the parameters before the step.
    """
    next = interp(g, other, square(b1))
    other = m
    m = next
    u = ((1 + b0) * m - b0 * other) / sqrt(square(1 + b0) + square(b0))
    return lr * (u + wd * w)
