"""Inputs with their targets."""

from typing import NamedTuple

import numpy as np


class Examples(NamedTuple):
    """`inputs` [examples, ...] float32 or int32; `targets` [examples, ...] likewise."""

    inputs: np.ndarray
    targets: np.ndarray


def split(inputs: np.ndarray, targets: np.ndarray, every: int = 5) -> tuple[Examples, Examples]:
    """Training and validation examples: every so-manieth, from the first, is for validation."""
    held_out = np.arange(len(inputs)) % every == 0
    return (
        Examples(inputs[~held_out], targets[~held_out]),
        Examples(inputs[held_out], targets[held_out]),
    )


def standardised(train: np.ndarray, *others: np.ndarray) -> list[np.ndarray]:
    """All arrays, float32, shifted and scaled so that each column of `train` has mean 0 and
    standard deviation 1."""
    mean, spread = train.mean(0), train.std(0)
    return [((array - mean) / spread).astype(np.float32) for array in (train, *others)]
