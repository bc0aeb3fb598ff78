"""Padam."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import interp, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Closing the Generalization Gap of Adaptive Gradient Methods in Training Deep Neural "
    "Networks (Chen et al.)",
    year=2020,
    reference=Reference(
        "pytorch_optimizer:PAdam",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "partial": "p",
            "foreach": False,
        },
    ),
    hypers={"p": Hyper("power of the second moment: 0 for momentum, 1/2 for Adam", 0, 0.5)},
)
def padam(w, g, t, m=zeros, v=zeros, *, lr=0.1, b1=0.9, b2=0.999, eps=1e-8, wd=0.0, p=0.25):
    """Padam: momentum over a power of the second moment between that of SGD and that of Adam.

    The library's form: bias-corrected as for Adam whatever the power is, and without the running
    maximum of the paper. eps is added to the uncorrected root before it gets its power. Weight
    decay is coupled.
    """
    g = g + wd * w
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    return lr * sqrt(1 - b2**t) / (1 - b1**t) * m / (sqrt(v) + eps) ** (2 * p)
