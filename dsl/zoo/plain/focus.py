"""FOCUS."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import interp, sign, where, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="FOCUS: First Order Concentrated Updating Scheme (Liu et al.)",
    year=2025,
    reference=Reference(
        "pytorch_optimizer:FOCUS",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "weight_decay": "wd",
            "gamma": "gamma",
            "foreach": False,
        },
    ),
    hypers={
        "b2": Hyper("decay of the average of the parameters", 0, 1),
        "gamma": Hyper("strength of the pull to the average; below 1"),
    },
)
def focus(w, g, t, m=zeros, center=zeros, *, lr=1e-2, b1=0.9, b2=0.999, wd=0.0, gamma=0.1):
    """FOCUS: the sign of momentum plus a weaker sign that pulls to an average of the parameters.

    The average is bias-corrected; on the first step it is the parameters themselves, so that there
    is no pull. Weight decay is decoupled, subtracts a part of the average in place of the
    parameters, and comes before the pull is measured.
    """
    m = interp(g, m, b1)
    center = interp(w, center, b2)
    pull = where(t > 1, center / (1 - b2**t), w)
    fade = lr * wd * pull
    return fade + lr * (sign(m) + gamma * sign(w - fade - pull))
