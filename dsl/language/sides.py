"""The sides of a call, as its primitive declares them: a comparison is true or false, a bound acts
or does not. `stepsmith verify` says which of them a comparison of two rules has met."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Sides = Mapping[str, Callable[[Sequence[Any], Any], Any]]
"""Each side in words, with the mask of where a call took it, over its arguments and its value in
NumPy. A side that is not `true`, `false`, `acted` or `did not act` is one that entries take, or a
sentence with `was`."""


NO_SIDES: Sides = {}


def _greater(args: Sequence[Any], value: Any) -> Any:
    return np.greater(args[0], args[1])


def _less(args: Sequence[Any], value: Any) -> Any:
    return np.less(args[0], args[1])


TRUTH: Sides = {"true": lambda args, value: value != 0, "false": lambda args, value: value == 0}
"""Those of a comparison."""
CHOICE: Sides = {"true": lambda args, _: args[0] != 0, "false": lambda args, _: args[0] == 0}
"""Those of a choice by its first argument."""
LARGER: Sides = {"the first was the larger": _greater, "the second was the larger": _less}
SMALLER: Sides = {"the first was the smaller": _less, "the second was the smaller": _greater}
BOUNDS: Sides = {
    "below": _less,
    "above": lambda args, _: np.greater(args[0], args[2]),
    "within": lambda args, _: np.logical_and(
        np.greater_equal(args[0], args[1]), np.less_equal(args[0], args[2])
    ),
}
"""Those of a value that is held between two bounds, its second argument and its third."""
ACTION: Sides = {
    "acted": lambda args, value: np.asarray(args[0]) != np.asarray(value),
    "did not act": lambda args, value: np.asarray(args[0]) == np.asarray(value),
}
"""Those of a primitive that gives back its first argument unless something is the matter."""
