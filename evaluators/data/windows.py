"""Windows of text for models that predict the next character."""

from collections.abc import Callable

import numpy as np

from evaluators.data import text
from evaluators.data.examples import Examples

VALIDATION = 256
"""How many windows the validation loss is taken on, spread over the text."""


def next_character(
    load: Callable[[], tuple[str, str]], symbols: int, context: int
) -> tuple[Examples, Examples]:
    """Windows int32 [windows, context] and the characters that follow each of theirs, likewise.

    **Arguments:** `load`: training and validation text; `symbols`: the size of the vocabulary, by
    how frequent they are in training, 0 for all others.
    """
    train, validation = load()
    numbers = text.vocabulary(train, symbols)
    seen, held_out = (text.windows(part, numbers, context + 1) for part in (train, validation))
    spread = np.linspace(0, len(held_out) - 1, VALIDATION).astype(np.int64)
    return _shifted(seen), _shifted(held_out[spread])


def _shifted(windows: np.ndarray) -> Examples:
    return Examples(np.ascontiguousarray(windows[:, :-1]), np.ascontiguousarray(windows[:, 1:]))
