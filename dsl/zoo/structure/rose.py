"""ROSE."""

from typing import Any

from dsl.ops import (
    abs,
    blend,
    equal,
    mean,
    ndim,
    quantile,
    sign,
    sqrt,
    square,
    unit_max,
    unit_mean,
    where,
)
from dsl.zoo.entry import Reference, entry


def _or_one(x: Any) -> Any:
    """`x`, and 1 for 0."""
    return where(equal(x, 0), 1, x)


@entry(
    paper="Rose (code at github.com/MatthewK78/Rose; there is no paper)",
    year=2026,
    reference=Reference("pytorch_optimizer:ROSE", {"lr": "lr", "weight_decay": "wd"}),
)
def rose(w, g, *, lr=1e-3, wd=1e-4):
    """Rose: the gradient over the range of each of its slices along the first axis; no state.

    The slices of gradients of rank 2 and more are centred first. A range is the magnitude of the
    largest entry less the least one, and 1 for 0. The more ranges of a tensor differ, the nearer
    each comes to their mean: it keeps the part mean / (mean + standard deviation) of the distance.
    A vector is one slice and is not centred; a number takes steps of the sign. Weight decay is
    coupled.
    """
    g = g + wd * w
    c = g - unit_mean(g)
    raw = abs(unit_max(c)) + unit_max(-c)
    middle = mean(raw + 0 * w)
    spread = sqrt(mean(square(raw - middle + 0 * w)))
    part = middle / _or_one(spread + middle)
    span = blend(middle, raw, part)
    line = abs(quantile(g, 1)) - quantile(g, 0)
    matrix = ndim(w) > 1
    u = where(matrix, c / _or_one(span), g / _or_one(line))
    return lr * where(ndim(w) > 0, u, sign(g))
