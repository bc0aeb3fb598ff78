"""Text to predict: Python's help topics, Unicode's names, in windows or in pairs of words."""

import lzma
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
from jaxtyping import Int32

from evaluators.data.examples import Examples

HELP_TOPICS = Path(__file__).parent / "texts" / "help_topics.txt.xz"
"""The help topics, with a form feed between them."""
OTHER = 0
"""The number that stands for every symbol outside the vocabulary."""
VALIDATION = 256
"""Windows that the validation loss is taken on, spread over the text."""


def help_topics() -> tuple[str, str]:
    """English technical prose with code: about 430,000 characters for training and 32,000 for
    validation.

    Every tenth topic is for validation.

    **Source:** `pydoc_data.topics` of Python 3.11.7, by name. A copy comes with Stepsmith, since
    the text changes from one release of Python to the next.
    """
    topics = lzma.decompress(HELP_TOPICS.read_bytes()).decode().split("\f")
    return "".join(each for i, each in enumerate(topics) if i % 10), "".join(topics[::10])


def unicode_names() -> tuple[str, str]:
    """The names of characters, one a line, the same in every version of Python: about 260,000
    characters for training and 29,000 for validation.

    Names that are made from a rule (ideographs, Hangul syllables) are left out; every tenth of the
    others is for validation.

    **Source:** `unicodedata.ucd_3_2_0` of the standard library: Unicode 3.2, which Python keeps as
    it is for internationalised domain names.
    """
    found = (unicodedata.ucd_3_2_0.name(chr(code), "") for code in range(0x11000))
    made = ("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH", "HANGUL SYLLABLE")
    names = [name for name in found if name and not name.startswith(made)]
    train = "\n".join(name for i, name in enumerate(names) if i % 10)
    return train, "\n".join(names[::10])


def vocabulary(text: str, size: int) -> dict[str, int]:
    """Number the `size - 1` most frequent symbols of `text` from 1; 0 is left for `OTHER`."""
    ranked = sorted(Counter(text).items(), key=lambda item: (-item[1], item[0]))
    return {symbol: i for i, (symbol, _) in enumerate(ranked[: size - 1], start=OTHER + 1)}


def windows(text: str, numbers: dict[str, int], length: int) -> Int32[np.ndarray, "_ {length}"]:
    """`text` as numbers, cut into consecutive windows; a shorter rest is dropped."""
    encoded = np.array([numbers.get(symbol, OTHER) for symbol in text], np.int32)
    count = len(encoded) // length
    return encoded[: count * length].reshape(count, length)


def next_character(
    load: Callable[[], tuple[str, str]], symbols: int, context: int
) -> tuple[Examples, Examples]:
    """Windows int32 [windows, context], and for each place in them the character that follows.

    **Arguments:** `load`: training and validation text; `symbols`: the size of the vocabulary, of
    the most frequent ones in training, with 0 for all others.
    """
    train, validation = load()
    numbers = vocabulary(train, symbols)
    seen, held_out = (windows(part, numbers, context + 1) for part in (train, validation))
    spread = np.linspace(0, len(held_out) - 1, VALIDATION).astype(np.int64)
    return _shifted(seen), _shifted(held_out[spread])


def next_word(
    load: Callable[[], tuple[str, str]], words: int, validation: int
) -> tuple[Examples, Examples]:
    """Words that stand next to each other in a line, int32 [pairs] each, both among the `words`
    most frequent ones in training, which are numbered from 0 in that order.

    **Arguments:** `load`: training and validation text in capitals; `validation`: the number of
    pairs for validation, spread over the text. Words of one letter are passed over.
    """
    train, other = ([re.findall("[A-Z]{2,}", line) for line in part.split("\n")] for part in load())
    counts = Counter(word for line in train for word in line)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    numbers = {word: i for i, (word, _) in enumerate(ranked[:words])}
    seen, held_out = (_pairs(lines, numbers) for lines in (train, other))
    spread = np.linspace(0, len(held_out) - 1, validation).astype(np.int64)
    return Examples(*seen.T.copy()), Examples(*held_out[spread].T.copy())


def _pairs(lines: list[list[str]], numbers: dict[str, int]) -> Int32[np.ndarray, "pairs 2"]:
    """The numbers of neighbours; words without a number are passed over."""
    known = [[numbers[word] for word in line if word in numbers] for line in lines]
    return np.array([pair for line in known for pair in pairwise(line)], np.int32)


def _shifted(windows: Int32[np.ndarray, "windows length"]) -> Examples:
    return Examples(np.ascontiguousarray(windows[:, :-1]), np.ascontiguousarray(windows[:, 1:]))
