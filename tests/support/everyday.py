"""What dear tests of the whole zoo run on every time; on the other rules they are slow tests."""

from collections.abc import Iterable
from typing import Any

import pytest

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


def each(names: Iterable[str]) -> list[Any]:
    """Parameters of a test: rules by name, those that are not for every day marked slow."""
    return [
        pytest.param(name, marks=() if name in EVERYDAY else pytest.mark.slow) for name in names
    ]
