"""Random choices of a mutation: numbers, constants, primitives by their weight.

Constants carry three significant digits: no proxy task can tell more of them apart, they read
well, and programs that differ in the rest meet in the cache.
"""

import math
from bisect import bisect
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

import numpy as np

from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Primitive
from dsl.language.signature import Signature

LIMIT = 1e10
_DIGITS = 3
_FRESH = 0.2

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


class Palette:
    """The primitives of a campaign with their weights, as a whole and by signature."""

    def __init__(self, weights: Mapping[str, float]):
        self.weights = dict(weights)
        in_order = sorted(weights.items())
        self.all = Weighted[Primitive]((PRIMITIVES[name], weight) for name, weight in in_order)
        groups: dict[Signature, list[tuple[str, float]]] = {}
        for primitive in self.all.items:
            pair = (primitive.name, weights[primitive.name])
            groups.setdefault(primitive.signature, []).append(pair)
        self._groups = groups

    def alike(self, op: str) -> Weighted[str]:
        """Other primitives with the signature of `op`."""
        group = self._groups.get(PRIMITIVES[op].signature, ())
        return Weighted((name, weight) for name, weight in group if name != op)


def fresh_constant(rng: np.random.Generator) -> float:
    """A number for a new statement: standard normal, or a fraction close to 0 or to 1.

    The fractions are what averages want; a normal draw is hardly ever 0.99.
    """
    if chance(rng, 0.5):
        return rounded(rng.normal())
    small = rounded(10.0 ** (-3.0 * rng.random()) / 2)
    return small if chance(rng, 0.5) else 1.0 - small


def changed_constant(rng: np.random.Generator, value: float) -> float:
    """`value` times 2^N(0,1), or a fresh N(0,1); within +-1e10.

    A number in [0.5, 1) is half of the time read as 1 - x, the distance of a decay from 1.
    """
    if value == 0 or chance(rng, _FRESH):
        return rounded(rng.normal())
    factor = 2.0 ** rng.normal()
    if 0.5 <= value < 1 and chance(rng, 0.5):
        return 1.0 - rounded((1.0 - value) * factor)
    return rounded(min(max(value * factor, -LIMIT), LIMIT))


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
    if draw < 0.8:
        return Kind.TENSOR
    return Kind.SCALAR if draw < 0.85 else Kind.GLOBAL
