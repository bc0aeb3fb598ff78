"""SPAM and Stable-SPAM: Adam that forgets its momentum from time to time and cuts spikes."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    abs,
    cos,
    every,
    interp,
    less,
    max_abs,
    norm,
    number,
    scalar,
    sign,
    sqrt,
    square,
    when,
    where,
    zeros,
)
from dsl.zoo.entry import Reference, entry

_PERIOD = Hyper("steps from one reset of the averages to the next", 1, whole=True)


@entry(
    paper="SPAM: Spike-Aware Adam with Momentum Reset for Stable LLM Training (Huang et al.)",
    year=2025,
    reference=Reference(
        "pytorch_optimizer:SPAM",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "threshold": "threshold",
            "update_proj_gap": "period",
            "grad_accu_steps": "rest",
            "warmup_epoch": "warmup",
            "foreach": False,
        },
        at={"threshold": 2.0, "period": 20, "rest": 4, "warmup": 6},
    ),
    hypers={
        "threshold": Hyper("largest part of its second moment that a squared gradient may be"),
        "period": _PERIOD,
        "rest": Hyper("steps after a reset before spikes are cut", whole=True),
        "warmup": Hyper("steps after a reset over which the rate rises again", 1, whole=True),
    },
)
def spam(
    w, g, t, m=zeros, v=zeros, count=number(0),
    *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-6, wd=0.0,
    threshold=5000.0, period=500, rest=20, warmup=50,
):  # fmt: skip
    """SPAM: Adam whose averages are reset every so often, on gradients without spikes.

    An entry whose square exceeds threshold times the second moment is cut to that bound. After a
    reset the rate begins at about a hundredth and rises along a cosine; the bias corrections go on
    counting, and before the first reset there is neither. eps is added to the root before its
    correction. Weight decay is decoupled and acts on the parameters that the step leaves. The form
    with momentum for a random part of each matrix is left out.
    """
    reset = every(t, period, 0)
    count = where(reset, 0, count + 1)
    m = when(reset, 0 * m, m)
    v = when(reset, 0 * v, v)
    spike = (square(g) > threshold * v) * (count > rest - 0.5)
    g = where(spike, sign(g) * sqrt(threshold * v), g)
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    pause = 0.99 * (1 + cos(3.141592653589793 * (count + 1) / (warmup + 1))) / 2
    part = 1 - pause * less(count, warmup) * (t > period - 0.5)
    u = lr * part * sqrt(1 - b2**t) / (1 - b1**t) * m / (sqrt(v) + eps)
    return u + lr * wd * (w - u)


@entry(
    paper="Stable-SPAM: How to Train in 4-Bit More Stably than 16-Bit Adam (Huang et al.)",
    year=2025,
    reference=Reference(
        "pytorch_optimizer:StableSPAM",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "gamma1": "gamma1",
            "gamma2": "gamma2",
            "theta": "theta",
            "update_proj_gap": "period",
            "foreach": False,
        },
        at={"period": 20, "theta": 0.9},
    ),
    hypers={
        "gamma1": Hyper("decay of the average norm of gradients", 0, 1),
        "gamma2": Hyper("decay of the average squared norm", 0, 1),
        "theta": Hyper("decay of the average largest entry", 0, 1),
        "period": _PERIOD,
    },
)
def stable_spam(
    w, g, t, m=zeros, v=zeros, top=scalar(0), size=scalar(0), energy=scalar(0), count=number(0),
    *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0,
    gamma1=0.7, gamma2=0.9, theta=0.999, period=1000,
):  # fmt: skip
    """Stable-SPAM: Adam on gradients of adaptive size, with averages that are reset every so often.

    Entries above the corrected average of a tensor's largest magnitude are scaled down so that the
    largest meets it; then the gradient is given the norm that Adam would take for the norms so far.
    The counts of Adam's corrections begin again at a reset, the others do not. eps is added to both
    corrected roots. A tensor whose gradient is 0 keeps its averages. Weight decay is decoupled and
    reads the parameters before the step.
    """
    reset = every(t, period, 0)
    count = where(reset, 1, count + 1)
    m = when(reset, 0 * m, m)
    v = when(reset, 0 * v, v)
    largest = max_abs(g)
    top = interp(largest, top, theta)
    limit = top / (1 - theta**t)
    g = where(abs(g) > limit, g / where(largest > 0, largest, 1) * limit, g)
    length = norm(g)
    alive = length > 0
    size = where(alive, interp(length, size, gamma1), size)
    energy = where(alive, interp(square(length), energy, gamma2), energy)
    scale = size / (1 - gamma1**t) / (sqrt(energy / (1 - gamma2**t)) + eps)
    g = g / where(alive, length, 1) * scale
    m = where(alive, interp(g, m, b1), m)
    v = where(alive, interp(square(g), v, b2), v)
    u = m / (1 - b1**count) / (sqrt(v) / sqrt(1 - b2**count) + eps)
    return lr * (where(alive, u, 0) + wd * w)
