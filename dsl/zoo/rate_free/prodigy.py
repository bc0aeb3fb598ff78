"""Prodigy."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    copy_w,
    global_dot,
    interp,
    maximum,
    number,
    sign,
    sqrt,
    square,
    where,
    zeros,
)
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Prodigy: An Expeditiously Adaptive Parameter-Free Learner (Mishchenko and Defazio)",
    year=2024,
    reference=Reference(
        "pytorch_optimizer:Prodigy",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "weight_decouple": True,
            "d0": "d0",
            "d_coef": "d_coef",
            "foreach": False,
        },
        at={"d0": 0.01, "d_coef": 0.5},
    ),
    hypers={
        "lr": Hyper("factor on the estimated rate; carries the schedule"),
        "d0": Hyper("first estimate of the distance to the solution, an underestimate"),
        "d_coef": Hyper("factor on every later estimate"),
    },
)
def prodigy(
    w, g, w0=copy_w, m=zeros, v=zeros, s=zeros, r=number(0), d=number(0),
    *, lr=1.0, b1=0.9, b2=0.999, eps=1e-8, wd=0.0, d0=1e-6, d_coef=1.0,
):  # fmt: skip
    """Prodigy: Adam whose rate is the distance, estimated from gradients weighted by d squared.

    As in the authors' code by default: sums fade by the root of b2, the growth of d has no bound,
    no safeguard for warm-up and no bias correction; Optax's corrects always, which is the schedule
    lr * sqrt(1 - b2**t) / (1 - b1**t). The rate and the moments, which hold d * g, use the d of the
    step before; d * eps, which is added to the root, uses the new one. Weight decay is decoupled
    and reads the parameters before the step.
    """
    last = maximum(d, d0)
    rate = last * lr
    share = last / d0 * rate
    fade = sqrt(b2)
    r = fade * r + share * global_dot(g, w0 - w)
    m = interp(last * g, m, b1)
    v = interp(square(last * g), v, b2)
    s = fade * s + share * g
    size = global_dot(s, sign(s))
    d = maximum(last, where(size > 0, d_coef * r / size, 0))
    u = m / (sqrt(v) + d * eps)
    return rate * (u + wd * w)
