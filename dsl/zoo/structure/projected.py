"""SGDP and AdamP: no step along weights whose size means nothing."""

from typing import Any

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    abs,
    axis_length,
    dot,
    entry_count,
    interp,
    less,
    max_abs,
    maximum,
    ndim,
    norm,
    sqrt,
    square,
    unit_norm,
    unit_sum,
    where,
    zeros,
)
from dsl.zoo.entry import Reference, entry

_PAPER = (
    "AdamP: Slowing Down the Slowdown for Momentum Optimizers on Scale-invariant Weights "
    "(Heo et al.)"
)
_HYPERS = {
    "delta": Hyper("cosine of gradient and weights, times the root of their number, below which "
                   "their size means nothing"),
    "ratio": Hyper("weight decay of such weights, as a part of that of others", 0, 1),
}  # fmt: skip
_ARGUMENTS = {
    "lr": "lr",
    "eps": "eps",
    "weight_decay": "wd",
    "delta": "delta",
    "wd_ratio": "ratio",
    "foreach": False,
}


def _projected(w: Any, g: Any, u: Any, delta: Any, ratio: Any, eps: Any) -> tuple[Any, Any]:
    """The step `u` without its part along the weights, and the part of the decay that is left.

    Of the weights of each unit where the gradient is all but orthogonal to those of every one, else
    of the tensor where it is to all of it; `u` itself otherwise, and for vectors and numbers.
    """
    across = unit_sum(g * w) / (maximum(unit_norm(g), eps) * maximum(unit_norm(w), eps))
    by_unit = less(max_abs(across), delta / sqrt(entry_count(w) / axis_length(w, 0)))
    whole = dot(g, w) / (maximum(norm(g), eps) * maximum(norm(w), eps))
    at_all = less(abs(whole), delta / sqrt(entry_count(w)))
    along = w / (unit_norm(w) + eps)
    straight = w / (norm(w) + eps)
    less_all = where(at_all, u - straight * dot(straight, u), u)
    step = where(by_unit, u - along * unit_sum(along * u), less_all)
    kept = where(by_unit, ratio, where(at_all, ratio, 1))
    matrices = ndim(w) > 1
    return where(matrices, step, u), where(matrices, kept, 1)


@entry(
    paper=_PAPER,
    year=2021,
    reference=Reference(
        "pytorch_optimizer:SGDP",
        {**_ARGUMENTS, "momentum": "b1", "dampening": "dampening"},
        at={"b1": 0.9, "dampening": 0.5, "delta": 1},
    ),
    hypers={
        **_HYPERS,
        "b1": Hyper("momentum", 0, 1),
        "dampening": Hyper("part of the gradient that the momentum leaves out", 0, 1),
    },
)
def sgdp(w, g, m=zeros, *, lr=1e-3, b1=0.0, eps=1e-8, wd=0.0, dampening=0.0, delta=0.1, ratio=0.1):
    """SGDP: momentum that leaves out the direction of weights whose size means nothing.

    Normalisation makes a loss indifferent to the size of the weights before it; then gradients are
    orthogonal to them, momentum is not, and they grow. Weights are taken for such where the cosine
    of gradient and weights is below delta over the root of their number: those of every unit (row
    or kernel) of a tensor, or else the tensor; of vectors and numbers never. eps is added to norms
    by which weights are divided, and is the least that norms in a cosine count as. Weight decay is
    decoupled, larger by 1 / (1 - b1), and a part `ratio` of that for such weights; it reads the
    parameters before the step.
    """
    m = b1 * m + (1 - dampening) * g
    step, kept = _projected(w, g, m, delta, ratio, eps)
    return lr * (step + wd * kept / (1 - b1) * w)


@entry(
    paper=_PAPER,
    year=2021,
    reference=Reference(
        "pytorch_optimizer:AdamP", {**_ARGUMENTS, "betas": ("b1", "b2")}, at={"delta": 1}
    ),
    hypers=_HYPERS,
)
def adamp(
    w, g, t, m=zeros, v=zeros,
    *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0, delta=0.1, ratio=0.1,
):  # fmt: skip
    """AdamP: Adam that leaves out the direction of weights whose size means nothing.

    Which weights these are is told as in SGDP, by the gradient and not by the step. eps is added to
    the uncorrected root of the second moment, to norms by which weights are divided, and is the
    least that norms in a cosine count as. Weight decay is decoupled, a part `ratio` of it for such
    weights, and reads the parameters before the step.
    """
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    u = m * sqrt(1 - b2**t) / (sqrt(v) + eps)
    step, kept = _projected(w, g, u, delta, ratio, eps)
    return lr * (step / (1 - b1**t) + wd * kept * w)
