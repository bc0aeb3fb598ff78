"""Schedule-free SGD, AdamW and RAdam."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import copy_w, interp, maximum, minimum, number, sqrt, square, where, zeros
from dsl.zoo.entry import Reference, entry

_PAPER = "The Road Less Scheduled (Defazio et al.)"

_ARGUMENTS = {
    "lr": "lr",
    "weight_decay": "wd",
    "r": "r",
    "weight_lr_power": "lr_power",
    "warmup_steps": "warmup",
    "foreach": False,
}

_AT = {"warmup": 10, "r": 0.5}

_HYPERS = {
    "b1": Hyper("share of the average in the point where gradients are taken", 0, 1),
    "warmup": Hyper("steps over which the rate rises from zero; 0 for none", whole=True),
    "r": Hyper("power of the step in the weights of the average"),
    "lr_power": Hyper("power of the largest rate so far in the weights of the average"),
}


@entry(
    paper=_PAPER,
    year=2024,
    reference=Reference(
        "pytorch_optimizer:ScheduleFreeSGD", {**_ARGUMENTS, "momentum": "b1"}, at=_AT
    ),
    hypers=_HYPERS,
)
def schedule_free_sgd(
    w, g, t, z=copy_w, x=copy_w, total=number(0), top=number(0),
    *, lr=1.0, b1=0.9, wd=0.0, warmup=0.0, r=0.0, lr_power=2.0,
):  # fmt: skip
    """Schedule-free SGD: gradients between a fast path z and its average, no decaying schedule.

    The parameters stand where gradients are taken, at b1 * x + (1 - b1) * z; what is evaluated is
    the average x of z. Warm-up makes the rate of step t a part t / warmup. Weight decay is coupled
    (added to the gradient) and reads the parameters. The authors' code does without x, which is
    (w - (1 - b1) * z) / b1.
    """
    rate = lr * minimum(1, t / maximum(warmup, 1))
    top = maximum(top, rate)
    weight = t**r * top**lr_power
    total = total + weight
    c = where(total > 0, weight / total, 0)
    u = g + wd * w
    move = c * (w - z) + rate * (1 - b1 * (1 - c)) * u
    z = z - rate * u
    x = interp(x, z, c)
    return move, x


@entry(
    paper=_PAPER,
    year=2024,
    reference=Reference(
        "pytorch_optimizer:ScheduleFreeAdamW",
        {**_ARGUMENTS, "betas": ("b1", "b2"), "eps": "eps"},
        at=_AT,
        note="adds 1e-15 below its root besides",
    ),
    hypers=_HYPERS,
)
def schedule_free_adamw(
    w, g, t, z=copy_w, x=copy_w, v=zeros, total=number(0), top=number(0),
    *, lr=2.5e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0, warmup=0.0, r=0.0, lr_power=2.0,
):  # fmt: skip
    """Schedule-free AdamW: Adam's preconditioner on a fast path z, averaged instead of scheduled.

    The parameters stand where gradients are taken, at b1 * x + (1 - b1) * z; what is evaluated is
    the average x of z. There is no other momentum. The second moment is bias-corrected; eps is
    added to the corrected root. Warm-up makes the rate of step t a part t / warmup. Weight decay is
    decoupled, scaled by the rate, and reads the parameters.
    """
    rate = lr * minimum(1, t / maximum(warmup, 1))
    top = maximum(top, rate)
    weight = t**r * top**lr_power
    total = total + weight
    c = where(total > 0, weight / total, 0)
    v = interp(square(g), v, b2)
    u = g / (sqrt(v / (1 - b2**t)) + eps) + wd * w
    move = c * (w - z) + rate * (1 - b1 * (1 - c)) * u
    z = z - rate * u
    x = interp(x, z, c)
    return move, x


@entry(
    paper=_PAPER,
    year=2024,
    reference=Reference(
        "pytorch_optimizer:ScheduleFreeRAdam",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "r": "r",
            "weight_lr_power": "lr_power",
            "foreach": False,
        },
        at={"r": 0.5},
    ),
    hypers={name: hyper for name, hyper in _HYPERS.items() if name != "warmup"},
)
def schedule_free_radam(
    w, g, t, z=copy_w, x=copy_w, v=zeros, total=number(0), top=number(0),
    *, lr=2.5e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0, r=0.0, lr_power=2.0,
):  # fmt: skip
    """Schedule-free RAdam: schedule-free AdamW that warms up as RAdam rectifies its rate.

    While the second moment amounts to 4 gradients or fewer nothing moves. Parameters, path z and
    the average x that is evaluated are those of schedule-free AdamW; eps is added to the corrected
    root. Weight decay is added to the scaled gradient and reads the parameters.
    """
    most = 2 / (1 - b2) - 1
    amount = most - 2 * t * b2**t / (1 - b2**t)
    above = maximum(amount - 4, 0)
    rate = lr * sqrt(above * (amount - 2) * most / ((most - 4) * (most - 2) * amount))
    top = maximum(top, rate)
    weight = t**r * top**lr_power
    total = total + weight
    c = where(total > 0, weight / where(total > 0, total, 1), 0)
    v = interp(square(g), v, b2)
    u = g / (sqrt(v / (1 - b2**t)) + eps) + wd * w
    move = c * (w - z) + rate * (1 - b1 * (1 - c)) * u
    z = z - rate * u
    x = interp(x, z, c)
    return move, x
