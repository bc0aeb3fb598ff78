"""Handwritten digits from scikit-learn."""

from typing import NamedTuple

import numpy as np


class Digits(NamedTuple):
    """`pixels` float32 [examples, 64] in 0..1, row by row; `labels` int32 [examples] in 0..9."""

    pixels: np.ndarray
    labels: np.ndarray


def load() -> tuple[Digits, Digits]:
    """1,437 training and 360 validation digits; every fifth of the data set is for validation.

    **Source:** `sklearn.datasets.load_digits`, the test part of the UCI "Optical Recognition of
    Handwritten Digits".
    """
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    pixels = (pixels / 16).astype(np.float32)
    labels = labels.astype(np.int32)
    held_out = np.arange(len(labels)) % 5 == 0
    return (
        Digits(pixels[~held_out], labels[~held_out]),
        Digits(pixels[held_out], labels[held_out]),
    )
