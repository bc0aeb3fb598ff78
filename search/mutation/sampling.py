"""Random choices of a mutation: primitives by their weight, constants, kinds.

Constants carry three significant digits: no proxy task can tell more of them apart, they read
well, and programs that differ in the rest meet in the cache.
"""

import math
from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import accumulate
from typing import Generic, TypeVar

import numpy as np

from dsl.declare import until_declared
from dsl.language.initialisers import INITIALISERS, Init
from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Primitive
from dsl.language.signature import Signature

LARGEST = 1e10
"""The largest magnitude of a constant."""
_DIGITS = 3
_NORMAL = 0.5
"""The share of fresh constants that are standard normal; the others are fractions."""
_NEAR_ZERO = 0.5
"""The share of fractions that lie near 0 and not near 1."""
_DECADES = 3.0
"""Fractions lie between 1/2 and 1/2000, evenly on a logarithmic scale."""
_FRESH = 0.2
"""The share of changed constants that have nothing to do with the old one."""
_AS_DISTANCE = 0.5
"""The share of numbers in [0.5, 1) that are changed as decays are, by their distance from 1."""
_TENSORS, _SCALARS = 0.8, 0.85
"""Element-wise statements work on whole tensors for a uniform draw below the first, on one number
per tensor below the second, else on numbers of the model."""

T = TypeVar("T")


def chance(rng: np.random.Generator, probability: float) -> bool:
    """True with the given probability."""
    return rng.random() < probability


def pick(rng: np.random.Generator, items: Sequence[T]) -> T:
    """One of `items`, each as likely as the other."""
    return items[int(rng.random() * len(items))]


class Weighted(Generic[T]):
    """Items that are drawn in proportion to their weights."""

    def __init__(self, pairs: Iterable[tuple[T, float]]):
        kept = [(item, weight) for item, weight in pairs if weight > 0]
        self.items = [item for item, _ in kept]
        self.bounds = list(accumulate(weight for _, weight in kept))

    def __len__(self) -> int:
        return len(self.items)

    def draw(self, rng: np.random.Generator) -> T:
        """One item; there must be one."""
        return self.items[bisect(self.bounds, rng.random() * self.bounds[-1], hi=len(self) - 1)]


class PrimitiveSampler:
    """Draws primitives by `weights`: any of them, or one with the signature of another."""

    def __init__(self, weights: Mapping[str, float]):
        self.weights = dict(weights)
        in_order = sorted(weights.items())
        self._all = Weighted[Primitive]((PRIMITIVES[name], weight) for name, weight in in_order)
        self._names = {primitive.name for primitive in self._all.items}
        self._alike: dict[Signature, list[tuple[str, float]]] = {}
        for primitive in self._all.items:
            pair = (primitive.name, weights[primitive.name])
            self._alike.setdefault(primitive.signature, []).append(pair)

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def draw(self, rng: np.random.Generator) -> Primitive:
        """Any primitive with a weight above 0."""
        return self._all.draw(rng)

    def alike(self, op: str) -> Weighted[str]:
        """Other primitives with the signature of `op`."""
        group = self._alike.get(PRIMITIVES[op].signature, ())
        return Weighted((name, weight) for name, weight in group if name != op)


def fresh_constant(rng: np.random.Generator) -> float:
    """A number for a new statement: standard normal, or a fraction close to 0 or to 1.

    The fractions are what averages want; a normal draw is hardly ever 0.99.
    """
    if chance(rng, _NORMAL):
        return rounded(rng.normal())
    small = rounded(10.0 ** (-_DECADES * rng.random()) / 2)
    return small if chance(rng, _NEAR_ZERO) else 1.0 - small


def changed_constant(rng: np.random.Generator, value: float) -> float:
    """`value` times 2^N(0,1), or a fresh N(0,1); within +-1e10.

    A number in [0.5, 1) is half of the time read as 1 - x, the distance of a decay from 1.
    """
    if value == 0 or chance(rng, _FRESH):
        return rounded(rng.normal())
    factor = 2.0 ** rng.normal()
    if 0.5 <= value < 1 and chance(rng, _AS_DISTANCE):
        return 1.0 - rounded((1.0 - value) * factor)
    return rounded(min(max(value * factor, -LARGEST), LARGEST))


def changed_default(rng: np.random.Generator, value: float) -> float:
    """A changed default of a hyperparameter, which keeps its sign; decays stay within [0, 1)."""
    if 0.5 <= value < 1:
        return max(1.0 - rounded((1.0 - value) * 2.0 ** rng.normal()), 0.0)
    changed = abs(changed_constant(rng, value))
    return -changed if value < 0 else changed


def rounded(value: float) -> float:
    """`value` with three significant digits; zero has no sign."""
    if value == 0 or not math.isfinite(value):
        return 0.0
    return float(f"{value:.{_DIGITS - 1}e}")


def common_kind(rng: np.random.Generator) -> Kind:
    """The kind that an element-wise statement works on: mostly whole tensors."""
    draw = rng.random()
    if draw < _TENSORS:
        return Kind.TENSOR
    return Kind.SCALAR if draw < _SCALARS else Kind.GLOBAL


@until_declared
@cache
def start_at_zero(kind: Kind) -> Init:
    """The start of a slot of `kind` where nothing is known: 0 everywhere."""
    if kind is Kind.TENSOR:
        return Init("zeros")
    filled = next(each for each in INITIALISERS.values() if each.kind is kind and each.arity == 1)
    return Init(filled.name, (0.0,))
