"""Optimistic Adam."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import equal, interp, sqrt, square, where, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Training GANs with Optimism (Daskalakis et al.)",
    year=2018,
    reference=Reference(
        "optax:optimistic_adam_v2",
        {
            "learning_rate": "lr",
            "b1": "b1",
            "b2": "b2",
            "eps": "eps",
            "alpha": "alpha",
            "beta": "beta",
            "nesterov": False,
        },
        at={"alpha": 0.75, "beta": 1.5},
    ),
    hypers={
        "alpha": Hyper("weight of Adam's direction"),
        "beta": Hyper("weight of its change since the last step"),
    },
)
def optimistic_adam(
    w, g, t, m=zeros, v=zeros, last=zeros,
    *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, alpha=1.0, beta=1.0,
):  # fmt: skip
    """Optimistic Adam: Adam's direction and its last change, as a guess of the next one.

    With both weights 1 it is the paper's: twice the direction, less the one before. The change is 0
    on the first step. eps is added to the corrected root. Optax's has Nesterov momentum as well,
    unless it is told not to.
    """
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    u = m / (1 - b1**t) / (sqrt(v / (1 - b2**t)) + eps)
    change = where(equal(t, 1), 0, u - last)
    last = u
    return lr * (alpha * u + beta * change)
