"""Arrays that many callers share."""

from typing import TypeVar

import jax
import numpy as np

T = TypeVar("T")


def frozen(tree: T) -> T:
    """`tree` after making its numpy arrays read-only, in place."""

    def freeze(array: np.ndarray) -> np.ndarray:
        array.setflags(write=False)
        return array

    return jax.tree.map(freeze, tree)
