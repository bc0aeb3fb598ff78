"""NumPy as fingerprints and other probes apply it: with zeros that have no sign."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np


def _sum(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """`numpy.sum`, which takes three times as long to call on a few numbers."""
    return np.add.reduce(x, axis, keepdims=keepdims)


def _mean(x: Any, axis: Any = None, *, keepdims: bool = False) -> Any:
    """`numpy.mean`."""
    total = np.add.reduce(x, axis, keepdims=keepdims)
    return total / (np.size(x) // max(np.size(total), 1))


def broadcast_to(x: Any, shape: tuple[int, ...]) -> Any:
    """`numpy.broadcast_to`, which takes three times as long, where the shapes are known to fit."""
    x = np.asarray(x)
    if x.shape == shape:
        return x
    if not x.flags.c_contiguous:  # which is no buffer
        return np.broadcast_to(x, shape)
    kept = [0 if size == 1 else stride for size, stride in zip(x.shape, x.strides, strict=True)]
    strides = (*[0] * (len(shape) - x.ndim), *kept)
    return np.ndarray(shape, x.dtype, x, 0, strides)


without_signed_zeros = SimpleNamespace(
    **{
        **vars(np),
        "divide": lambda x, y: np.divide(x, y + 0.0),
        "power": lambda x, y: np.power(x + 0.0, y),
        "sum": _sum,
        "mean": _mean,
        "broadcast_to": broadcast_to,
    }
)
"""NumPy without the two functions that tell a negative zero from a positive one; the others are the
same, sooner."""


def _of_each_step(reduction: Callable[..., Any]) -> Callable[..., Any]:
    """A reduction over all axes but the first, where it is one over all axes."""

    def reduced(x: Any, axis: Any = None, **how: Any) -> Any:
        if axis is None and "keepdims" not in how:
            return reduction(x.reshape(len(x), -1), axis=1, **how)
        return reduction(x, axis=axis, **how)

    return reduced


step_by_step = SimpleNamespace(
    **{
        **vars(without_signed_zeros),
        **{name: _of_each_step(getattr(np, name)) for name in ("max", "min")},
        "sum": _of_each_step(_sum),
        "mean": _of_each_step(_mean),
    }
)
"""The same for arrays whose first axis is that of steps: what is taken of an array is taken of each
step. A primitive that says `numpy.sum(x)` means the same there, one that asks for shapes may not;
`dsl.run.together` tries it out."""
