"""Ranger21."""

from typing import Any

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    copy_w,
    entry_count,
    every,
    exp,
    global_dot,
    interp,
    log,
    maximum,
    mean,
    minimum,
    ndim,
    norm,
    sqrt,
    square,
    sum,
    unit_mean,
    unit_norm,
    where,
    zeros,
)
from dsl.zoo.entry import Reference, entry


def unit_size(x: Any) -> Any:
    """The norm of each slice of a tensor along its first axis; of a vector itself."""
    return where(ndim(x) > 1, unit_norm(x), norm(x))


def standard(g: Any) -> Any:
    """A gradient without the means of its slices, over the deviation of its entries if there are
    more than two."""
    count = entry_count(g)
    g = where(ndim(g) > 1, g - unit_mean(g), g)
    spread = sqrt(sum(square(g - mean(g))) / maximum(count - 1, 1))
    return where(count > 2, g / (spread + 1e-8), g)


def softplus(x: Any, beta: Any) -> Any:
    """The logarithm of 1 + exp(beta x) over beta: `x` itself where that is large."""
    return where(beta * x > 20, x, log(1 + exp(minimum(beta * x, 20))) / beta)


@entry(
    paper="Ranger21: a synergistic deep learning optimizer (Wright and Demeure)",
    year=2021,
    reference=Reference(
        "pytorch_optimizer:Ranger21",
        {
            "num_iterations": 50,
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "beta0": "beta0",
            "beta_softplus": "sharp",
            "agc_clipping_value": "clip_at",
            "norm_loss_factor": "pull",
            "lookahead_merge_time": "period",
            "lookahead_blending_alpha": "alpha",
            "disable_lr_scheduler": True,
            "foreach": False,
        },
        at={"clip_at": 0.25},
        ranks=(0, 1, 2, 4),
        undefined="the library measures kernels of three axes along the second one alone",
    ),
    hypers={
        "beta0": Hyper("weight of the other average, which is subtracted"),
        "sharp": Hyper("sharpness of the least denominator"),
        "clip_at": Hyper("largest norm of a slice of the gradient, as a part of the parameters'"),
        "pull": Hyper("strength of the pull of slices to the norm 1"),
        "period": Hyper("steps from one blend with the last one to the next", 1, whole=True),
        "alpha": Hyper("part of the new parameters in a blend", 0, 1),
    },
)
def ranger21(
    w, g, t, odd=zeros, even=zeros, v=zeros, top=zeros, slow=copy_w,
    *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=1e-4,
    beta0=0.9, sharp=50.0, clip_at=0.01, pull=1e-4, period=5, alpha=0.5,
):  # fmt: skip
    """Ranger21: Adam with eight further ideas, from clipped units to Lookahead.

    Slices of a gradient along its first axis are clipped by the norm of the parameters', at least
    1e-3, and centred; then the tensor is divided by its deviation, with 1e-8 added, once for the
    second moment and again for the momentum. Two averages take turns, of which the other is
    subtracted. The root of the largest second moment, corrected and with eps added, goes through a
    softplus. Weight decay is decoupled and divided by the root of the mean second moment of the
    whole model, whose sum begins at 1 in the library; the norms of slices are pulled to 1. On every
    period-th step the parameters blend with those of the last one. The warm-up and the descent of
    the rate at the end are left out.
    """
    limit = clip_at * maximum(unit_size(w), 1e-3)
    size = maximum(unit_size(g), 1e-6)
    g = standard(where(size > limit, g * (limit / size), g))
    v = interp(square(g), v, b2)
    top = maximum(top, v)
    fix = 1 - b2**t
    ones = 0 * g + 1
    spread = sqrt((1 + global_dot(v, ones) / fix) / global_dot(ones, ones))
    p = w - lr * wd / spread * w
    p = p - lr * 2 * pull * (1 - 1 / (unit_size(p) + eps)) * p
    g = standard(g)
    turn = every(t, 2, 1)
    this = interp(g, where(turn, odd, even), square(b1))
    other = where(turn, even, odd)
    odd = where(turn, this, odd)
    even = where(turn, even, this)
    u = ((1 + beta0) * this - beta0 * other) / sqrt(square(1 + beta0) + square(beta0))
    p = p - lr / (1 - b1**t) * u / softplus(sqrt(top) / sqrt(fix) + eps, sharp)
    merge = every(t, period, 0)
    blend = interp(slow, p, alpha)
    slow = where(merge, blend, slow)
    return w - where(merge, blend, p)
