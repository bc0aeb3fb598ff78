"""Data sets by name: how the examples are loaded, and what they must be."""

from collections.abc import Callable
from typing import Any, NamedTuple


class DataSet(NamedTuple):
    """Training and validation examples."""

    name: str
    load: Callable[[], tuple[Any, Any]]
    """Two pytrees of numpy arrays, training and validation; unchecked. In those for training the
    examples lie along the first axis of every array that a batch takes rows of."""
    digest: str | None
    """`checksum` of the examples; None if nobody has looked at this version of their source."""
