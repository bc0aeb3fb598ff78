"""ACProp."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import equal, interp, maximum, sqrt, square, where, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Momentum Centering and Asynchronous Update for Adaptive Gradient Methods "
    "(Zhuang et al.)",
    year=2021,
    reference=Reference(
        "optax.contrib:acprop",
        {
            "learning_rate": "lr",
            "b1": "b1",
            "b2": "b2",
            "eps": "eps",
            "eps_root": "eps_root",
            "weight_decay": "wd",
        },
        at={"eps_root": 1e-3},
    ),
    hypers={"eps_root": Hyper("added to the second moment on every step")},
)
def acprop(
    w, g, t, m=zeros, v=zeros,
    *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-16, wd=0.0, eps_root=1e-16,
):  # fmt: skip
    """ACProp: the gradient over the root mean square of how far those before it were from momentum.

    AdaBelief's second moment, of the steps before: Optax's form, which measures the distance to the
    momentum without the new gradient and takes 1 for the root of the first step. Momentum itself
    makes no step. eps is added to the corrected root; eps_root stays in the second moment. Weight
    decay is decoupled and reads the parameters before the step.
    """
    root = where(equal(t, 1), 1, sqrt(v / (1 - b2 ** maximum(t - 1, 1))))
    u = g / (root + eps)
    v = interp(square(g - m), v, b2) + eps_root
    m = interp(g, m, b1)
    return lr * (u + wd * w)
