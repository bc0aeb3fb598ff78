"""The sample that dear tests run on every day; on all else they are slow tests."""

from collections.abc import Callable, Collection, Hashable, Iterable
from typing import Any

import pytest

from dsl.language.registry import PRIMITIVES
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

EVERYDAY_TASKS = {
    "rosenbrock": "a valley of two numbers",
    "adam_fails": "walls around a slope; held out",
    "breast_cancer": "a logistic regression",
    "diabetes": "numbers predicted by a small network",
    "wine": "labels predicted by a small network",
    "factorisation": "a product of two matrices",
    "scaled": "a quadratic of few parameters",
    "deblur": "one matrix",
    "facts": "an associative memory",
    "in_context": "attention",
    "digits_conv": "a convolution",
    "chars": "a recurrence, and text",
}
"""Cheap tasks, some of every suite and of each kind of model, and what each shows."""

NTH = 12
"""Of names in order, one in so many is in a sample."""


def sample(names: Iterable[str], feature: Callable[[str], Hashable]) -> frozenset[str]:
    """The first by name with each feature, and every `NTH` name."""
    ordered = sorted(names)
    firsts = {feature(name): name for name in reversed(ordered)}.values()
    return frozenset({*firsts, *ordered[::NTH]})


SAMPLE = EVERYDAY | sample(ENTRIES, lambda name: ENTRIES[name].group)
"""Rules from all groups of the zoo, for tests that are less dear."""


def _sort(op: str) -> Hashable:
    """The kinds that a primitive reads, the one that it makes and what it asks."""
    primitive = PRIMITIVES[op]
    signature = primitive.signature
    return primitive.scope, primitive.asks, signature.result, len(signature.params)


PRIMITIVE_SAMPLE = sample(PRIMITIVES, _sort)
"""Primitives of every sort."""


def each(names: Iterable[str], daily: Collection[str] = EVERYDAY) -> list[Any]:
    """Parameters of a test: names of rules, primitives or tasks, slow if not `daily`."""
    return [pytest.param(name, marks=() if name in daily else pytest.mark.slow) for name in names]
