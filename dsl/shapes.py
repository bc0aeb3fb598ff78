"""Shapes in annotations, for modules that must start without jaxtyping.

    from dsl.shapes import Float

    def typical_size(sizes: Float[np.ndarray, "steps tensors"]) -> float: ...

Commands that show text import these modules, and importing jaxtyping would take them longer than
their work. Where it is imported already, as in the tests, which check every call, the names are
jaxtyping's own; otherwise an annotation is the type of the array alone.
"""

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING or "jaxtyping" in sys.modules:
    from jaxtyping import Bool, Float, Int
else:

    class _Unchecked:
        """The type of an array without its shape."""

        def __class_getitem__(cls, item: tuple[Any, str]) -> Any:
            return item[0]

    Bool = Float = Int = _Unchecked

if TYPE_CHECKING:
    Leaf = Float[np.ndarray, "..."]
else:
    Leaf = Float[np.ndarray | np.float64, "..."]
"""The entries of one parameter tensor. NumPy makes a number of what has no axes, which may be asked
all that an array is asked."""

Leaves = list[Leaf]
"""One array per parameter tensor."""

__all__ = ["Bool", "Float", "Int", "Leaf", "Leaves"]
