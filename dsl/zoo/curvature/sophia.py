"""Sophia."""

from dsl.ops import clip, every, hvp, interp, maximum, normal, when, zeros
from dsl.zoo.entry import Curvature, Reference, entry
from dsl.zoo.hypers import Hyper


@entry(
    paper="Sophia: A Scalable Stochastic Second-order Optimizer for Language Model Pre-training "
    "(Liu et al.)",
    year=2024,
    reference=Reference(
        "pytorch_optimizer:SophiaH",
        {
            "lr": "lr / gamma",
            "betas": ("b1", "b2"),
            "eps": "eps / gamma",
            "weight_decay": "wd * gamma",
            "weight_decouple": True,
            "p": "gamma",
            "update_period": "period",
            "foreach": False,
        },
        curvature=Curvature("hessian", draw="normal", estimate="z * hz", period="period"),
        at={"b2": 0.8, "gamma": 0.5, "period": 3},
        note="clips m / h at gamma where this rule clips m / (gamma * h) at 1",
    ),
    hypers={
        "gamma": Hyper("scale of the curvature: fewer entries are clipped where it is larger"),
        "period": Hyper("steps between estimates of the curvature", 1),
    },
)
def sophia_h(
    w, g, t, m=zeros, h=zeros,
    *, lr=6e-4, b1=0.96, b2=0.99, eps=1e-12, wd=0.0, gamma=0.01, period=10,
):  # fmt: skip
    """Sophia-H: momentum over an estimate of the Hessian's diagonal, entries clipped to [-1, 1].

    Hutchinson's estimate with normal noise, made on steps 1, 1 + period, ... before it is used; no
    bias correction. eps bounds gamma * h from below, so an entry of negative curvature moves by the
    sign of its momentum. Weight decay is decoupled and reads the parameters before the step.
    """
    z = normal(0)
    h = when(every(t, period, 1), interp(z * hvp(z), h, b2), h)
    m = interp(g, m, b1)
    u = clip(m / maximum(gamma * h, eps), -1, 1)
    return lr * (u + wd * w)
