"""AdaPNM."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import interp, maximum, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Positive-Negative Momentum: Manipulating Stochastic Gradient Noise to Improve "
    "Generalization (Xie et al.)",
    year=2021,
    reference=Reference(
        "pytorch_optimizer:AdaPNM",
        {
            "lr": "lr",
            "betas": ("b1", "b2", "b0"),
            "eps": "eps",
            "weight_decay": "wd",
            "weight_decouple": True,
            "ams_bound": True,
            "foreach": False,
        },
        at={"b2": 0.9},
        note="adds 1e-15 to the second moment inside the root",
    ),
    hypers={
        "b1": Hyper("decay per step of averages that take every other gradient", 0, 1),
        "b0": Hyper("how much of the other momentum is taken away"),
    },
)
def adapnm(
    w, g, t, m=zeros, other=zeros, v=zeros, top=zeros,
    *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0, b0=1.0,
):  # fmt: skip
    """AdaPNM: PNM's difference of two momenta over the largest second moment so far.

    The momenta are those of gradients of odd and of even steps, with decay b1 squared; their
    difference is corrected by 1 - b1**t, as a single momentum would be. eps is added to the root of
    the maximum before its correction. Weight decay is decoupled and reads the parameters before the
    step.
    """
    next = interp(g, other, square(b1))
    other = m
    m = next
    v = interp(square(g), v, b2)
    top = maximum(top, v)
    u = ((1 + b0) * m - b0 * other) / sqrt(square(1 + b0) + square(b0))
    u = sqrt(1 - b2**t) / (1 - b1**t) * u / (sqrt(top) + eps)
    return lr * (u + wd * w)
