"""Models of text: what predicts the next character from those before it."""

import functools
from collections.abc import Callable

import numpy as np
from jax import Array

from evaluators.data import names, text
from evaluators.data.sets import DataSet
from evaluators.data.windows import next_character
from evaluators.registry import register
from evaluators.task import Params, Task
from evaluators.tasks import _layers as layers
from evaluators.tasks._losses import CROSS_ENTROPY
from evaluators.tasks._supervised import Model, supervised

NAME_SYMBOLS, TOPIC_SYMBOLS = 39, 64
SPREAD = "exact: the entropy, in the validation windows, of what follows what the model sees"
"""Equal pasts with different successors cannot all be told."""


def names_in_windows(context: int, digest: str) -> DataSet:
    """Unicode's names of characters, cut into windows."""
    load = functools.partial(next_character, names.load, NAME_SYMBOLS, context)
    return DataSet("unicode_names", load, digest)


def topics_in_windows(context: int, digests: dict[str, str]) -> DataSet:
    """Python's help topics, cut into windows; digests by version of Python."""
    load = functools.partial(next_character, text.load, TOPIC_SYMBOLS, context)
    return DataSet("help_topics", load, text.of_version(digests))


def language(
    data: DataSet,
    model: str,
    init: Callable[[np.random.Generator], Params],
    states: Callable[[Params, Array], Array],
    symbols: int,
    **stated,
) -> Task:
    """A registered model of text.

    **Arguments:** `data`: windows int32 [windows, context] of `symbols` symbols and the characters
    that follow. `states`: (params, windows [batch, context]) -> [batch, context, width], each from
    what it and those before it hold; the parameter `output` makes logits of them.
    """

    def predict(params: Params, windows: Array) -> Array:
        return layers.read_out(params["output"], states(params, windows))

    return register(
        supervised(
            data,
            Model(model, init, predict),
            CROSS_ENTROPY,
            untrained=float(np.log(symbols)),
            floor_from=SPREAD,
            **stated,
        )
    )


def embedding(rng: np.random.Generator, symbols: int, width: int, size: float = 0.5) -> np.ndarray:
    """float32 [symbols, width]."""
    return rng.normal(0, size, (symbols, width)).astype(np.float32)
