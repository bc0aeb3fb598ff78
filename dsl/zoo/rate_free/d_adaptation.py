"""D-Adaptation: SGD, Adam and Lion that learn how far the solution is."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    copy_w,
    global_dot,
    global_norm,
    interp,
    maximum,
    number,
    sign,
    sqrt,
    square,
    where,
    zeros,
)
from dsl.zoo.entry import Dense, Reference, entry

PAPER = "Learning-Rate-Free Learning by D-Adaptation (Defazio and Mishchenko)"

HYPERS = {
    "lr": Hyper("factor on the estimated rate; carries the schedule"),
    "d0": Hyper("first estimate of the distance to the solution, an underestimate"),
}


@entry(
    paper=PAPER,
    year=2023,
    reference=Dense(at={"b1": 0.9, "d0": 0.01}),
    hypers={**HYPERS, "b1": Hyper("how much of the parameters stays where it was", 0, 1)},
)
def d_adapt_sgd(
    w, g, w0=copy_w, s=zeros, r=number(0), d=number(0), first=number(0),
    *, lr=1.0, b1=0.0, wd=0.0, d0=1e-6,
):  # fmt: skip
    """D-Adapt SGD: dual averaging whose rate is a growing lower bound of the distance.

    The rate is divided by the norm of the first gradient that is not 0, before weight decay, which
    is coupled (added to the gradient). Dual averaging gives w0 - s; the parameters move a part
    1 - b1 of the way there, all of it by default. The inner product reads s before this gradient;
    the step uses the distance d of the step before. The bound on the growth of d, off in the
    authors' code, is left out; so it is in the other two rules.
    """
    last = maximum(d, d0)
    first = where(first > 0, first, global_norm(g))
    rate = where(first > 0, last * lr / first, 0)
    g = g + wd * w
    r = r + rate * global_dot(g, s)
    s = s + rate * g
    size = global_norm(s)
    d = maximum(last, where(size > 0, 2 * r / size, 0))
    return (1 - b1) * (w - (w0 - s))


@entry(
    paper=PAPER,
    year=2023,
    reference=Reference(
        "pytorch_optimizer:DAdaptAdam",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "weight_decouple": True,
            "d0": "d0",
            "foreach": False,
        },
        at={"d0": 0.01},
    ),
    hypers=HYPERS,
)
def d_adapt_adam(
    w, g, m=zeros, v=zeros, s=zeros, r=number(0), d=number(0),
    *, lr=1.0, b1=0.9, b2=0.999, eps=1e-8, wd=0.0, d0=1e-6,
):  # fmt: skip
    """D-Adapt Adam: Adam whose rate is a growing lower bound of the distance.

    The rate is inside of the momentum. The inner product reads s and v before this gradient, and
    the step uses the distance d of the step before. No bias correction, as in the authors' code;
    Optax's corrects always, which is the schedule lr * sqrt(1 - b2**t) / (1 - b1**t). eps is added
    to the root. Weight decay is decoupled and reads the parameters before the step.
    """
    last = maximum(d, d0)
    rate = last * lr
    fade = sqrt(b2)
    r = interp(rate * global_dot(g, s / (sqrt(v) + eps)), r, fade)
    m = interp(rate * g, m, b1)
    v = interp(square(g), v, b2)
    s = interp(rate * g, s, fade)
    size = global_dot(s, sign(s))
    d = maximum(last, where(size > 0, r / ((1 - fade) * size), 0))
    return m / (sqrt(v) + eps) + rate * wd * w


@entry(
    paper=PAPER,
    year=2023,
    reference=Reference(
        "pytorch_optimizer:DAdaptLion",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "weight_decay": "wd",
            "weight_decouple": True,
            "d0": "d0",
            "foreach": False,
        },
        at={"d0": 0.01},
    ),
    hypers=HYPERS,
)
def d_adapt_lion(
    w, g, m=zeros, s=zeros, r=number(0), d=number(0),
    *, lr=1.0, b1=0.9, b2=0.99, wd=0.0, d0=1e-6,
):  # fmt: skip
    """D-Adapt Lion: Lion whose rate is a growing lower bound of the distance.

    The authors call it experimental. The momentum holds gradients times the rate, and is mixed with
    the gradient alone before the sign is taken. The inner product reads s before this step, and the
    step uses the distance d of the step before. Weight decay is decoupled and reads the parameters
    before the step.
    """
    last = maximum(d, d0)
    rate = last * lr
    fade = sqrt(b2)
    u = sign(interp(g, m, b1))
    m = interp(rate * g, m, b2)
    r = interp(rate * global_dot(u, s), r, fade)
    s = interp(rate * u, s, fade)
    size = global_dot(s, sign(s))
    d = maximum(last, where(size > 0, r / ((1 - fade) * size), 0))
    return rate * (u + wd * w)
