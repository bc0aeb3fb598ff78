"""The cost of an oracle: losses and gradients of the batch, as a text that can be counted.

    "1 gradient"    "1 + m losses"    "2 n gradients"

A cost is a sum of products of numbers and sizes, and a unit. The sizes belong to the model, the
data and the arguments of the call; `SIZES` says what each letter stands for.
"""

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from dsl.language.numbers import format_number

SIZES = {
    "n": "parameters of the model",
    "m": "entries of the mask",
    "k": "members of the population",
    "b": "examples of the batch",
    "o": "outputs of the model on the batch",
    "d": "batches in the data",
    "i": "iterations of a search, which the data end",
}
"""The sizes that a cost may depend on."""

LOSSES_PER_GRADIENT = 3
"""Passes through the model that a gradient makes: one forward, two back, for inputs and weights."""


class Unit(enum.Enum):
    """The thing counted; the value is its plural."""

    LOSS = "losses"
    GRADIENT = "gradients"

    @property
    def gradients(self) -> float:
        """The number of gradients that take as long."""
        return 1.0 if self is Unit.GRADIENT else 1 / LOSSES_PER_GRADIENT


@dataclass(frozen=True)
class Cost:
    """A number of losses or of gradients; `terms` holds the sizes of each product and its number,
    without zeros, in an order of their own."""

    terms: tuple[tuple[tuple[str, ...], float], ...]
    unit: Unit

    @staticmethod
    def parse(text: str) -> "Cost":
        """Read `"1 + m losses"`; ValueError for anything else, with the words that were met."""
        *count, word = text.split() or [""]
        unit = _UNITS.get(word)
        if unit is None or not count:
            raise ValueError(f"'{text}' is no cost: wanted a number and one of {list(_UNITS)}")
        terms = []
        for product in " ".join(count).split(" + "):
            words = product.split()
            unknown = [word for word in words if word not in SIZES and not word.isdecimal()]
            if unknown or not words:
                raise ValueError(
                    f"'{text}' is no cost: {unknown} are neither numbers nor {[*SIZES]}"
                )
            number = math.prod(int(word) for word in words if word.isdecimal())
            terms.append((tuple(sorted(word for word in words if word in SIZES)), float(number)))
        return Cost(_collected(terms), unit)

    @cached_property
    def sizes(self) -> frozenset[str]:
        """The sizes that it depends on."""
        return frozenset(size for sizes, _ in self.terms for size in sizes)

    def count(self, sizes: Mapping[str, float]) -> float:
        """The number of losses or gradients; KeyError for a size that is not given."""
        return sum(number * math.prod(sizes[size] for size in each) for each, number in self.terms)

    def gradients(self, sizes: Mapping[str, float]) -> float:
        """The number of gradients that take as long."""
        return self.count(sizes) * self.unit.gradients

    def given(self, sizes: Mapping[str, float]) -> "Cost":
        """The same where some sizes are known."""
        terms = [
            (
                tuple(size for size in each if size not in sizes),
                number * math.prod(sizes[size] for size in each if size in sizes),
            )
            for each, number in self.terms
        ]
        return Cost(_collected(terms), self.unit)

    def plus(self, other: "Cost") -> "Cost":
        """Both together, of one unit."""
        assert self.unit is other.unit
        return Cost(_collected([*self.terms, *other.terms]), self.unit)

    def __str__(self) -> str:
        one = self.terms == (((), 1.0),)
        word = self.unit.name.lower() if one else self.unit.value
        return f"{' + '.join(_text(*term) for term in self.terms) or '0'} {word}"


_UNITS = {word: unit for unit in Unit for word in (unit.value, unit.name.lower())}


def _collected(
    terms: "list[tuple[tuple[str, ...], float]]",
) -> tuple[tuple[tuple[str, ...], float], ...]:
    totals: dict[tuple[str, ...], float] = {}
    for sizes, number in terms:
        totals[sizes] = totals.get(sizes, 0.0) + number
    return tuple(sorted((sizes, number) for sizes, number in totals.items() if number))


def _text(sizes: tuple[str, ...], number: float) -> str:
    words = [] if sizes and number == 1 else [format_number(number)]
    return " ".join([*words, *sizes])
