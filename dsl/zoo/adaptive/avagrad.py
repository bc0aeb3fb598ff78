"""AvaGrad."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import global_mean, interp, maximum, number, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Domain-independent Dominance of Adaptive Methods (Savarese et al.)",
    year=2021,
    reference=Reference(
        "pytorch_optimizer:AvaGrad",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "weight_decouple": True,
            "foreach": False,
        },
        at={"b2": 0.9},
    ),
    hypers={"eps": Hyper("how little the rates of entries differ")},
)
def avagrad(
    w, g, t, m=zeros, v=zeros, size=number(0),
    *, lr=0.1, b1=0.9, b2=0.999, eps=0.1, wd=0.0,
):  # fmt: skip
    """AvaGrad: Adam with rates of the gradients before, scaled so that their mean square is 1.

    The second moment takes in a gradient after the step, so the first step is none, and eps says
    how adaptive the rule is, without changing the rate. The authors' code takes the mean square of
    the rates of one step before, corrected for one step more; the paper that of the step's own. eps
    is added to the corrected root. Weight decay is decoupled and reads the parameters before the
    step.
    """
    m = interp(g, m, b1)
    root = sqrt(v)
    u = size * m / (1 - b1**t) / (root / sqrt(1 - b2 ** maximum(t - 1, 1)) + eps)
    size = 1 / sqrt(global_mean(1 / square(root / sqrt(1 - b2**t) + eps)))
    v = interp(square(g), v, b2)
    return lr * (u + wd * w)
