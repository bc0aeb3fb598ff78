"""Shapes in annotations, for modules that must start without jaxtyping.

    from dsl.shapes import Float

    def typical_size(sizes: Float[np.ndarray, "steps tensors"]) -> float: ...

Commands that show text import these modules, and importing jaxtyping would take them longer than
their work. Where it is imported already, as in the tests, which check every call, the names are
jaxtyping's own; otherwise an annotation is the type of the array alone.
"""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING or "jaxtyping" in sys.modules:
    from jaxtyping import Float
else:

    class _Unchecked:
        """The type of an array without its shape."""

        def __class_getitem__(cls, item: tuple[Any, str]) -> Any:
            return item[0]

    Float = _Unchecked

__all__ = ["Float"]
