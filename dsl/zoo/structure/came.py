"""CAME."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    col_mean,
    cols,
    interp,
    maximum,
    ndim,
    rms,
    row_mean,
    rows,
    sqrt,
    square,
    where,
    zeros,
)
from dsl.zoo.entry import Reference, entry


@entry(
    paper="CAME: Confidence-guided Adaptive Memory Efficient Optimization (Luo et al.)",
    year=2023,
    reference=Reference(
        "pytorch_optimizer:CAME",
        {
            "lr": "lr",
            "betas": ("b1", "b2", "b3"),
            "eps1": "eps",
            "weight_decay": "wd",
            "eps2": "eps2",
            "clip_threshold": "d",
            "foreach": False,
        },
        at={"b2": 0.9, "b3": 0.95, "eps2": 1e-3, "d": 0.7},
    ),
    hypers={
        "eps": Hyper("added to the squared gradient"),
        "eps2": Hyper("added to the squared distance from the momentum"),
        "d": Hyper("root mean square above which an update is scaled down"),
    },
)
def came(
    w, g, m=zeros, r=rows(0), c=cols(0), q=rows(0), k=cols(0),
    *, lr=2e-4, b1=0.9, b2=0.999, b3=0.9999, eps=1e-30, wd=0.0, eps2=1e-16, d=1.0,
):  # fmt: skip
    """CAME: momentum of Adafactor's update, less trusted where updates scatter around it.

    The confidence is an average squared distance of updates from their momentum, factored into rows
    and columns as the second moment is, and made of the new momentum; vectors go without. eps is
    added to the squared gradient. Nothing is bias-corrected: the bound on the root mean square
    tames the first steps. Weight decay is decoupled and reads the parameters before the step.
    """
    s = square(g) + eps
    r = interp(row_mean(s), r, b2)
    c = interp(col_mean(s), c, b2)
    u = g / (sqrt(r / col_mean(r)) * sqrt(c))
    u = u / maximum(1, rms(u) / d)
    m = interp(u, m, b1)
    s = square(u - m) + eps2
    q = interp(row_mean(s), q, b3)
    k = interp(col_mean(s), k, b3)
    u = where(ndim(g) > 1, m / (sqrt(q / col_mean(q)) * sqrt(k)), m)
    return lr * (u + wd * w)
