"""Ranger."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    copy_w,
    every,
    interp,
    ndim,
    sqrt,
    square,
    unit_mean,
    where,
    zeros,
)
from dsl.zoo.entry import Reference, entry


@entry(
    paper="New Deep Learning Optimizer, Ranger: Synergistic combination of RAdam + Lookahead "
    "(Wright)",
    year=2019,
    reference=Reference(
        "pytorch_optimizer:Ranger",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "alpha": "alpha",
            "k": "period",
            "degenerated_to_sgd": True,
            "foreach": False,
        },
    ),
    hypers={
        "alpha": Hyper("part of the way to the parameters that the slow ones go", 0, 1),
        "period": Hyper("steps from one move of the slow parameters to the next", 1, whole=True),
    },
)
def ranger(
    w, g, t, m=zeros, v=zeros, slow=copy_w,
    *, lr=1e-3, b1=0.95, b2=0.999, eps=1e-5, wd=0.0, alpha=0.5, period=6,
):  # fmt: skip
    """Ranger: RAdam on centred gradients, with Lookahead.

    Slices of a gradient along its first axis have their mean subtracted; vectors are left alone. On
    every period-th step slow parameters move a part alpha of the way to the fast ones, which begin
    again from there. While the second moment amounts to fewer than 5 gradients the step is the
    bias-corrected momentum; the default of the library goes up along it instead. eps is added to
    the root before its correction. Weight decay is decoupled and reads the parameters before the
    step.
    """
    g = where(ndim(w) > 1, g - unit_mean(g), g)
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    most = 2 / (1 - b2) - 1
    amount = most - 2 * t * b2**t / (1 - b2**t)
    spread = (amount - 4) * (amount - 2) * most / ((most - 4) * (most - 2) * amount)
    adapted = sqrt(spread) * sqrt(1 - b2**t) / (sqrt(v) + eps)
    fast = w - lr * (m / (1 - b1**t) * where(amount > 5, adapted, 1) + wd * w)
    turn = every(t, period, 0)
    slow = where(turn, interp(fast, slow, 1 - alpha), slow)
    return w - where(turn, slow, fast)
