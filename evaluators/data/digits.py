"""Handwritten digits from scikit-learn, as they are and spoilt in several ways."""

from typing import NamedTuple

import numpy as np
from jaxtyping import Float32, Int32

from evaluators.data.blur import blur
from evaluators.data.examples import DataSet, Examples

CLASSES = 10
TAIL, WRONG = 0.6, 0.3
"""The size of each class relative to the one before; the share of wrong labels."""


class Digits(NamedTuple):
    """Pictures with what they show."""

    pixels: Float32[np.ndarray, "examples 64"]
    """In 0..1, row by row."""
    labels: Int32[np.ndarray, " examples"]
    """In 0..9."""


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


def long_tail(train: Examples, share: float) -> Examples:
    """The examples with classes from common to rare: of class k the first share^k are kept, at
    least four."""
    classes = int(train.targets.max()) + 1
    kept = []
    for label in range(classes):
        members = np.flatnonzero(train.targets == label)
        kept.append(members[: max(4, round(len(members) * share**label))])
    index = np.sort(np.concatenate(kept))
    return Examples(train.inputs[index], train.targets[index])


def mislabelled(train: Examples, share: float) -> Examples:
    """The examples with a share of the labels replaced by another one at random."""
    rng = np.random.Generator(np.random.PCG64(8))
    classes = int(train.targets.max()) + 1
    wrong = rng.random(len(train.targets)) < share
    shift = rng.integers(1, classes, len(train.targets))
    labels = np.where(wrong, (train.targets + shift) % classes, train.targets)
    return Examples(train.inputs, labels.astype(np.int32))


def _long_tail() -> tuple[Examples, Examples]:
    train, validation = load()
    return long_tail(Examples(*train), TAIL), Examples(*validation)


def _mislabelled() -> tuple[Examples, Examples]:
    train, validation = load()
    return mislabelled(Examples(*train), WRONG), Examples(*validation)


def _images() -> tuple[Examples, Examples]:
    """Pixels as inputs and targets alike, in standard deviations of all of them."""
    train, validation = load()
    mean, spread = train.pixels.mean(), train.pixels.std()
    scaled = [((part.pixels - mean) / spread).astype(np.float32) for part in (train, validation)]
    return Examples(scaled[0], scaled[0]), Examples(scaled[1], scaled[1])


def _blurred() -> tuple[Examples, Examples]:
    """Digits blurred twice, less the mean of each pixel over those for training, in standard
    deviations of all pixels together."""
    parts = [blur(blur(part.pixels.reshape(-1, 8, 8))).reshape(-1, 64) for part in load()]
    mean = parts[0].mean(0)
    spread = (parts[0] - mean).std()
    inputs = [((part - mean) / spread).astype(np.float32) for part in parts]
    labels = [part.labels for part in load()]
    return Examples(inputs[0], labels[0]), Examples(inputs[1], labels[1])


DIGITS = DataSet("digits", load)
LONG_TAIL = DataSet("digits_long_tail", _long_tail)
MISLABELLED = DataSet("digits_mislabelled", _mislabelled)
BLURRED = DataSet("digits_blurred", _blurred)
IMAGES = DataSet("digits_images", _images)
