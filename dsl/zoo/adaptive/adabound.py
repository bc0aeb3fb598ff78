"""AdaBound and AMSBound."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import interp, maximum, minimum, scalar, sqrt, square, where, zeros
from dsl.zoo.entry import Reference, entry

_PAPER = "Adaptive Gradient Methods with Dynamic Bound of Learning Rate (Luo et al.)"
_ARGUMENTS = {
    "lr": "lr",
    "betas": ("b1", "b2"),
    "eps": "eps",
    "weight_decay": "wd",
    "weight_decouple": False,
    "final_lr": "final_lr",
    "gamma": "gamma",
    "foreach": False,
}
_AT = {"gamma": 0.05}
_NOTE = "adds 1e-15 to the second moment inside the root, which makes up to 4e-12"
_HYPERS = {
    "final_lr": Hyper("rate of SGD that the bounds close in on"),
    "gamma": Hyper("how soon the bounds close in"),
}


@entry(
    paper=_PAPER,
    year=2019,
    reference=Reference("pytorch_optimizer:AdaBound", _ARGUMENTS, at=_AT, note=_NOTE),
    hypers=_HYPERS,
)
def adabound(
    w, g, t, m=zeros, v=zeros, base=scalar(0),
    *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0, final_lr=0.1, gamma=1e-3,
):  # fmt: skip
    """AdaBound: Adam whose entries have rates within bounds that close in on that of SGD.

    The authors' code: rates are bias-corrected before they are bounded, and eps is added to the
    uncorrected root (the paper corrects nothing and divides by sqrt(t)). A schedule of lr moves the
    bounds along: they belong to a rate of lr, and a schedule's first rate that is not 0 stands for
    all of it. Weight decay is coupled.
    """
    g = g + wd * w
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    base = where(base > 0, base, lr)
    final = where(base > 0, final_lr * lr / base, 0)
    low = final * (1 - 1 / (gamma * t + 1))
    high = final * (1 + 1 / (gamma * t))
    rate = lr * sqrt(1 - b2**t) / (1 - b1**t) / (sqrt(v) + eps)
    return minimum(maximum(rate, low), high) * m


@entry(
    paper=_PAPER,
    year=2019,
    reference=Reference(
        "pytorch_optimizer:AdaBound",
        {**_ARGUMENTS, "ams_bound": True},
        at={**_AT, "b2": 0.9},
        note=_NOTE,
    ),
    hypers=_HYPERS,
)
def amsbound(
    w, g, t, m=zeros, v=zeros, top=zeros, base=scalar(0),
    *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0, final_lr=0.1, gamma=1e-3,
):  # fmt: skip
    """AMSBound: AdaBound with the largest second moment so far, as in AMSGrad.

    The largest is of uncorrected second moments; the rest is AdaBound: rates are bias-corrected
    before they are bounded, eps is added to the uncorrected root, a schedule of lr moves the bounds
    along, weight decay is coupled.
    """
    g = g + wd * w
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    top = maximum(top, v)
    base = where(base > 0, base, lr)
    final = where(base > 0, final_lr * lr / base, 0)
    low = final * (1 - 1 / (gamma * t + 1))
    high = final * (1 + 1 / (gamma * t))
    rate = lr * sqrt(1 - b2**t) / (1 - b1**t) / (sqrt(top) + eps)
    return minimum(maximum(rate, low), high) * m
