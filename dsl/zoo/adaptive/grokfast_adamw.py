"""Grokfast-AdamW."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import first_g, interp, maximum, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Grokfast: Accelerated Grokking by Amplifying Slow Gradients (Lee et al.)",
    year=2024,
    reference=Reference(
        "pytorch_optimizer:GrokFastAdamW",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "grokfast_alpha": "b3",
            "grokfast_lamb": "lam",
            "normalize_lr": False,
            "foreach": False,
        },
        at={"eps": 0.05},
    ),
    hypers={
        "b3": Hyper("decay of the slow average of gradients", 0, 1),
        "lam": Hyper("weight of the slow average in the gradient"),
    },
)
def grokfast_adamw(
    w, g, t, m=zeros, v=zeros, slow=first_g,
    *, lr=1e-4, b1=0.9, b2=0.99, b3=0.98, eps=1e-8, wd=0.0, lam=2.0,
):  # fmt: skip
    """Grokfast-AdamW: AdamW on the gradient plus a multiple of its slow average.

    The average begins at the first gradient. eps is the least value of the corrected root, in place
    of a number added to it. The library's option to divide the rate by 1 + lam, on by default, is a
    rate here. Weight decay is decoupled and reads the parameters before the step.
    """
    slow = interp(g, slow, b3)
    g = g + lam * slow
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    u = m / (1 - b1**t) / maximum(sqrt(v / (1 - b2**t)), eps)
    return lr * (u + wd * w)
