"""The integrity of shared examples: a digest that rounding does not change, and a write lock."""

import hashlib
from typing import Any, TypeVar

import jax
import numpy as np

T = TypeVar("T")

_DIGITS = 4
"""Decimal places kept of what is read off the floats, each of which is of order 1."""


def checksum(tree: Any) -> str:
    """32 hex digits over the paths, dtypes, shapes and values of the arrays in a pytree.

    Integers count exactly. Floats count through their size and two sums with random signs, to four
    places: processors and linear algebra libraries differ in the last digit of what a generator
    computes, and that must not look like other data. Any one value of n that moves by more than
    about sqrt(n) / 10,000 of the typical size does change the digest.
    """
    digest = hashlib.blake2b(digest_size=16)
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        array = np.asarray(leaf)
        digest.update(f"{jax.tree_util.keystr(path)} {array.dtype.name} {array.shape}\n".encode())
        if np.issubdtype(array.dtype, np.floating):
            digest.update(" ".join(f"{mark:.{_DIGITS}f}" for mark in _marks(array)).encode())
        else:
            digest.update(array.astype(array.dtype.newbyteorder("<")).tobytes())
    return digest.hexdigest()


def _marks(array: np.ndarray) -> list[float]:
    """The logarithm of the root mean square, and two random projections in units of it."""
    values = array.astype(np.float64).ravel()
    size = float(np.sqrt(np.mean(values**2))) if values.size else 0.0
    if not 0 < size < np.inf:
        return [size]
    bits = np.random.PCG64(values.size).random_raw(values.size)
    signs = [1.0 - 2.0 * ((bits >> np.uint64(shift)) & np.uint64(1)) for shift in (0, 1)]
    scale = size * np.sqrt(values.size)
    # Adding 0 turns a negative zero into a positive one.
    return [round(x, _DIGITS) + 0.0 for x in (np.log(size), *(values @ s / scale for s in signs))]


def frozen(tree: T) -> T:
    """`tree` after making its numpy arrays read-only, in place."""

    def freeze(array: np.ndarray) -> np.ndarray:
        array.setflags(write=False)
        return array

    return jax.tree.map(freeze, tree)
