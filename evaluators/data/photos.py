"""The two photographs that come with scikit-learn, in grey."""

import functools

import numpy as np

from evaluators.data.blur import REACH, blur
from evaluators.data.examples import DataSet, Examples, split

SIDE = 8
MIDDLE = slice(2, 6)
"""Columns of a square that are asked for where it is given blurred."""
THUMBNAIL = (40, 60)
"""Rows and columns of the small picture, each of ten in the photograph."""


@functools.cache
def _grey(name: str) -> np.ndarray:
    """float64 [427, 640] in 0..1.

    **Source:** `sklearn.datasets.load_sample_image`: "china.jpg" and "flower.jpg", CC BY.
    """
    from sklearn.datasets import load_sample_image

    return load_sample_image(name).mean(-1) / 255


def _patches() -> tuple[Examples, Examples]:
    """Squares of 8 x 8 of both photographs as inputs and targets alike: float32 [examples, 64], the
    livelier half of them, less the mean of each, in units of their spread."""
    cut = np.concatenate([_cut(_grey(f"{name}.jpg")) for name in ("china", "flower")])
    cut -= cut.mean(1, keepdims=True)
    busy = cut[np.argsort(cut.std(1), kind="stable")[len(cut) // 2 :]]  # the others are plain sky
    shuffled = np.random.Generator(np.random.PCG64(15)).permutation(busy / busy.std())
    values = shuffled.astype(np.float32)
    return split(values, values)


def _blurred() -> tuple[Examples, Examples]:
    """Squares of 8 x 8 of both photographs after a blur, float32 [examples, 64], and their four
    middle columns before it, float32 [examples, 32].

    The livelier half of the squares; both parts less the mean of the blurred square, in units of
    their spread.
    """
    inside = slice(REACH, -REACH)
    greys = [_grey(f"{name}.jpg") for name in ("china", "flower")]
    seen, sharp = (
        np.concatenate([_cut(grey[inside, inside]) for grey in pictures])
        for pictures in ([blur(grey) for grey in greys], greys)
    )
    mean = seen.mean(1, keepdims=True)
    middle = (sharp - mean).reshape(-1, SIDE, SIDE)[:, :, MIDDLE].reshape(len(sharp), -1)
    seen -= mean
    busy = np.argsort(seen.std(1), kind="stable")[len(seen) // 2 :]
    shuffled = np.random.Generator(np.random.PCG64(17)).permutation(busy)
    inputs, targets = (part[shuffled] / part[busy].std() for part in (seen, middle))
    return split(inputs.astype(np.float32), targets.astype(np.float32))


def _cut(image: np.ndarray) -> np.ndarray:
    rows, columns = (length // SIDE for length in image.shape)
    whole = image[: rows * SIDE, : columns * SIDE]
    return whole.reshape(rows, SIDE, columns, SIDE).swapaxes(1, 2).reshape(-1, SIDE * SIDE)


def _pixels() -> tuple[Examples, Examples]:
    """A thumbnail of the flower as places float32 [pixels, 2] in -1..1 and greys [pixels, 1], in
    standard deviations; every fifth pixel is for validation."""
    image = _grey("flower.jpg")
    rows, columns = THUMBNAIL
    small = image[: 10 * rows, : 10 * columns].reshape(rows, 10, columns, 10).mean((1, 3))
    small = (small - small.mean()) / small.std()
    grid = np.meshgrid(np.linspace(-1, 1, rows), np.linspace(-1, 1, columns), indexing="ij")
    places = np.stack(grid, -1).reshape(-1, 2)
    shuffle = np.random.Generator(np.random.PCG64(16)).permutation(len(places))
    greys = small.reshape(-1, 1)
    return split(places[shuffle].astype(np.float32), greys[shuffle].astype(np.float32))


PATCHES = DataSet("photo_patches", _patches)
BLURRED = DataSet("photos_blurred", _blurred)
PIXELS = DataSet("photo_pixels", _pixels)
