"""Data sets: examples with their split into training and validation, and the order of batches."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Int32, Shaped


class DataSet(NamedTuple):
    """Training and validation examples under a name."""

    name: str
    load: Callable[[], tuple[Any, Any]]
    """Two pytrees of numpy arrays, training and validation; unchecked. In those for training the
    examples lie along the first axis of every array that a batch takes rows of."""


class Examples(NamedTuple):
    """Inputs with their targets; float32 or int32."""

    inputs: Shaped[np.ndarray, "examples ..."]
    targets: Shaped[np.ndarray, "examples ..."]


def split(
    inputs: Shaped[np.ndarray, "examples ..."],
    targets: Shaped[np.ndarray, "examples ..."],
    every: int = 5,
) -> tuple[Examples, Examples]:
    """Training and validation examples; every `every`-th, from the first, is for validation."""
    held_out = np.arange(len(inputs)) % every == 0
    return (
        Examples(inputs[~held_out], targets[~held_out]),
        Examples(inputs[held_out], targets[held_out]),
    )


def standardised(
    train: Float[np.ndarray, "_ columns"], *others: Float[np.ndarray, "_ columns"]
) -> list[Float32[np.ndarray, "_ columns"]]:
    """All arrays, shifted and scaled so that each column of `train` has mean 0 and
    standard deviation 1."""
    mean, spread = train.mean(0), train.std(0)
    return [((array - mean) / spread).astype(np.float32) for array in (train, *others)]


def epochs(
    rng: np.random.Generator, examples: int, batch: int, steps: int
) -> Int32[np.ndarray, "{steps} {batch}"]:
    """The examples of each training step: passes over all of them, each in a new random order.

    No example comes twice in a pass; the few that do not fill a batch are left out of it.
    """
    per_epoch = examples // batch
    order = np.empty((steps, batch), np.int32)
    for start in range(0, steps, per_epoch):
        shuffled = rng.permutation(examples)[: per_epoch * batch].reshape(per_epoch, batch)
        order[start : start + per_epoch] = shuffled[: steps - start]
    return order
