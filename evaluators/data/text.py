"""English technical prose with code: the help topics that come with Python."""

from collections import Counter
from pydoc_data.topics import topics

import numpy as np

OTHER = 0
"""The number that stands for every symbol outside the vocabulary."""


def load() -> tuple[str, str]:
    """About 430,000 characters for training and 32,000 for validation.

    Every tenth topic is for validation. The text changes a little from one Python version to the
    next; `Task.checksum` tells the versions apart.

    **Source:** `pydoc_data.topics` of the standard library.
    """
    names = sorted(topics)
    train = "".join(topics[name] for i, name in enumerate(names) if i % 10)
    validation = "".join(topics[name] for name in names[::10])
    return train, validation


def vocabulary(text: str, size: int) -> dict[str, int]:
    """Number the `size - 1` most frequent symbols of `text` from 1; 0 is left for `OTHER`."""
    ranked = sorted(Counter(text).items(), key=lambda item: (-item[1], item[0]))
    return {symbol: i for i, (symbol, _) in enumerate(ranked[: size - 1], start=OTHER + 1)}


def windows(text: str, numbers: dict[str, int], length: int) -> np.ndarray:
    """`text` cut into consecutive windows: int32 [windows, length]; a shorter rest is dropped."""
    encoded = np.array([numbers.get(symbol, OTHER) for symbol in text], np.int32)
    count = len(encoded) // length
    return encoded[: count * length].reshape(count, length)
