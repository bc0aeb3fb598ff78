"""NumPy as fingerprints and other probes apply it: with zeros that have no sign."""

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


without_signed_zeros = SimpleNamespace(
    **{
        **vars(np),
        "divide": lambda x, y: np.divide(x, y + 0.0),
        "power": lambda x, y: np.power(x + 0.0, y),
        "sum": _sum,
        "mean": _mean,
    }
)
"""NumPy without the two functions that tell a negative zero from a positive one; sums and means
are the same numbers, sooner."""
