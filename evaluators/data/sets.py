"""Data sets: a name, and the function that loads the examples."""

from collections.abc import Callable
from typing import Any, NamedTuple


class DataSet(NamedTuple):
    """Training and validation examples."""

    name: str
    load: Callable[[], tuple[Any, Any]]
    """Two pytrees of numpy arrays, training and validation; unchecked. In those for training the
    examples lie along the first axis of every array that a batch takes rows of."""
    of_python: bool = False
    """Whether the examples come with Python and change with its version."""
