"""The next word from a table of words: two matrices with a row for each, most of them rare.

How often the words of Unicode's names occur falls off as one over their rank, so a batch touches
few rows of the first matrix, and those of common words much more often than the others.
"""

import functools

import numpy as np
from jax import Array

from evaluators.data import text
from evaluators.data.examples import DataSet
from evaluators.registry import register
from evaluators.task import Data
from evaluators.tasks import _layers as layers
from evaluators.tasks._losses import CROSS_ENTROPY
from evaluators.tasks._supervised import Model, supervised
from evaluators.tasks.text._language import embedding

WORDS, WIDTH = 192, 24


def _spread(data: Data) -> float:
    """The entropy of the second word of a validation pair given the first, in nats."""
    pairs = np.stack(data.validation, -1)
    both = np.unique(pairs, axis=0, return_counts=True)[1]
    first = np.unique(pairs[:, 0], return_counts=True)[1]
    return float(np.sum(first * np.log(first)) - np.sum(both * np.log(both))) / len(pairs)


def _init(rng: np.random.Generator) -> dict[str, np.ndarray]:
    (output,) = layers.matrices(rng, (WIDTH, WORDS), 1.0, 0.3)
    return {"input": embedding(rng, WORDS, WIDTH), "output": output}


def _predict(params: dict[str, Array], words: Array) -> Array:
    """Words [examples] -> logits [examples, words] of the next ones."""
    return (params["output"] @ params["input"][words].T).T


register(
    supervised(
        DataSet("unicode_words", functools.partial(text.next_word, text.unicode_names, WORDS, 512)),
        Model("word_tables", _init, _predict),
        CROSS_ENTROPY,
        name="word_tables",
        summary="Two tables of words (9,216 parameters) on pairs of neighbours in Unicode's names",
        batch=16,
        horizon=300,
        untrained=float(np.log(WORDS)),
        floor=_spread,
        floor_from="exact: the entropy, in the validation pairs, of what follows each word",
    )
)
