"""Ten shapes of a line, deformed and drowned in noise: in the manner of MNIST-1D.

**Source:** the recipe of Greydanus, "Scaling down Deep Learning" (2020): a template per class is
padded, moved, scaled, sheared and resampled, with white and correlated noise on top. The templates
here are smooth random curves of our own.
"""

import numpy as np

from evaluators.data.examples import DataSet, Examples, split

CLASSES, LENGTH = 10, 40
TEMPLATE, PADDED = 12, 60
EXAMPLES = 3000


def load() -> tuple[Examples, Examples]:
    """2,400 signals float32 [examples, 40] with labels int32 for training, 600 for validation."""
    rng = np.random.Generator(np.random.PCG64(9))
    templates = np.stack([_template(rng) for _ in range(CLASSES)])
    labels = np.arange(EXAMPLES) % CLASSES
    signals = np.stack([_signal(rng, templates[label]) for label in labels])
    shuffle = rng.permutation(EXAMPLES)
    return split(signals[shuffle].astype(np.float32), labels[shuffle].astype(np.int32))


def _template(rng: np.random.Generator) -> np.ndarray:
    """A random walk, smoothed, of mean 0 and standard deviation 1."""
    walk = np.cumsum(rng.normal(size=TEMPLATE + 2))
    smooth = (walk[:-2] + walk[1:-1] + walk[2:]) / 3
    return (smooth - smooth.mean()) / smooth.std()


def _signal(rng: np.random.Generator, template: np.ndarray) -> np.ndarray:
    length = rng.integers(24, 37)
    shape = np.interp(np.linspace(0, TEMPLATE - 1, length), np.arange(TEMPLATE), template)
    padded = np.zeros(PADDED)
    start = rng.integers(0, PADDED - length + 1)
    padded[start : start + length] = shape * rng.uniform(0.7, 1.3)
    padded += rng.normal(0, 0.4) * np.linspace(-1, 1, PADDED)
    padded += 0.2 * np.convolve(rng.normal(size=PADDED + 4), np.full(5, 0.45), "valid")
    places = np.linspace(0, PADDED - 1, LENGTH)
    return np.interp(places, np.arange(PADDED), padded) + rng.normal(0, 0.05, LENGTH)


SIGNALS = DataSet("signals", load)
