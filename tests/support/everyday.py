"""What dear tests of the whole zoo run on every time; on the other rules they are slow tests."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest

from dsl.zoo import ENTRIES

EVERYDAY = {
    *("sgd", "heavy_ball", "nesterov", "adagrad", "rmsprop", "adam", "adamw", "lion", "adan"),
    *("diffgrad", "exadam", "adahessian", "sophia_h"),
}
"""Rules of each way of working: momentum, signs, differences, averages, noise, curvature."""

TO_READ = {
    "lion": "first order",
    "sophia_h": "`when`, for work done on some steps only",
    "sgd_gradient_noise": "a draw",
    "sam": "an oracle",
    "lamb": "reductions",
    "sgd_cosine": "a schedule",
}
"""Rules whose exported files are kept whole as golden files, and what each shows."""


NTH = 4
"""Of the names of the zoo in order, one in so many is in the sample."""


def _sample() -> frozenset[str]:
    """The rules for every day, the first by name of each group of the zoo, and every `NTH`."""
    names = sorted(ENTRIES)
    firsts = {ENTRIES[name].group: name for name in reversed(names)}.values()
    return frozenset({*EVERYDAY, *firsts, *names[::NTH]})


SAMPLE = _sample()
"""Rules from all over the zoo, for tests that are less dear."""


def each(names: Iterable[str], daily: Collection[str] = EVERYDAY) -> list[Any]:
    """Parameters of a test: rules by name, those that are not `daily` marked slow."""
    return [pytest.param(name, marks=() if name in daily else pytest.mark.slow) for name in names]
