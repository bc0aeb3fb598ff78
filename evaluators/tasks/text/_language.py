"""Models of text: what predicts the next character from those before it."""

import functools
import math
from collections import Counter, defaultdict
from collections.abc import Callable

import numpy as np
from jax import Array
from jaxtyping import Float, Float32, Int

from evaluators.data import text
from evaluators.data.examples import DataSet
from evaluators.registry import register
from evaluators.task import Data, Params, Task
from evaluators.tasks import _layers as layers
from evaluators.tasks._losses import CROSS_ENTROPY
from evaluators.tasks._supervised import Model, supervised

NAME_SYMBOLS, TOPIC_SYMBOLS = 39, 64
SPREAD = "exact: the entropy, in the validation windows, of what follows what the model sees"
"""Equal pasts with different successors cannot all be told."""


def spread(data: Data, reach: int | None = None) -> float:
    """The entropy of a character given those before it in its validation window, in nats.

    **Arguments:** `reach`: how many of those before it the model sees; all of them if None.
    """
    windows, successors = data.validation
    following: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for window, following_each in zip(windows.tolist(), successors.tolist(), strict=True):
        for place, symbol in enumerate(following_each, start=1):
            padded = window[:place] if reach is None else [-1] * reach + window[:place]
            following[tuple(padded if reach is None else padded[-reach:])][symbol] += 1
    counts = [(n, each.total()) for each in following.values() for n in each.values()]
    return sum(-n * math.log(n / total) for n, total in counts) / successors.size


def names_in_windows(context: int) -> DataSet:
    """Unicode's names of characters, cut into windows."""
    load = functools.partial(text.next_character, text.unicode_names, NAME_SYMBOLS, context)
    return DataSet("unicode_names", load)


def topics_in_windows(context: int) -> DataSet:
    """Python's help topics, cut into windows."""
    load = functools.partial(text.next_character, text.help_topics, TOPIC_SYMBOLS, context)
    return DataSet("help_topics", load)


def language(
    data: DataSet,
    model: str,
    init: Callable[[np.random.Generator], Params],
    states: Callable[[Params, Int[Array, "batch context"]], Float[Array, "batch context width"]],
    symbols: int,
    reach: int | None = None,
    **stated,
) -> Task:
    """A registered model of text.

    **Arguments:** `data`: windows int32 [windows, context] of `symbols` symbols and the characters
    that follow. `states`: (params, windows) -> states, each from what it and those before it hold;
    the parameter `output` makes logits of them. `reach`: how many characters back a state sees; to
    the first of its window if None.
    """

    def predict(params: Params, windows: Array) -> Array:
        return layers.read_out(params["output"], states(params, windows))

    return register(
        supervised(
            data,
            Model(model, init, predict),
            CROSS_ENTROPY,
            untrained=float(np.log(symbols)),
            floor=functools.partial(spread, reach=reach),
            floor_from=SPREAD,
            **stated,
        )
    )


def embedding(
    rng: np.random.Generator, symbols: int, width: int, size: float = 0.5
) -> Float32[np.ndarray, "{symbols} {width}"]:
    """A vector for each symbol, normal of standard deviation `size`."""
    return rng.normal(0, size, (symbols, width)).astype(np.float32)
