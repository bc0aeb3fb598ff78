"""Kinds of change, and the table of all of them.

    @change(weight=0.25)
    def primitive(editor, rng, space):
        ...

A change edits the program and says in words what it did; it returns None, or raises NothingFits,
where it cannot apply. A config has a key for the weight of each kind.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dsl.declare import Registry
from search.mutation.editor import Editor
from search.mutation.prior import Prior
from search.mutation.sampling import PrimitiveSampler


@dataclass(frozen=True)
class SearchSpace:
    """The programs that changes may make: new statements apply `primitives`; `statements` and
    `slots` are the largest numbers of them. `prior` is what known rules do, if changes may go by
    it."""

    primitives: PrimitiveSampler
    statements: int
    slots: int
    prior: Prior | None = None


Make = Callable[[Editor, np.random.Generator, SearchSpace], str | None]


@dataclass(frozen=True)
class Change:
    """A kind of change; `weight` is its relative chance unless a config says otherwise. One that
    is `informed` needs a prior."""

    name: str
    weight: float
    make: Make
    informed: bool = False


class NothingFits(Exception):
    """The program has no value of a kind that a change needs."""


CHANGES: Registry[Change] = Registry("kind of mutation")


def change(weight: float, *, informed: bool = False) -> Callable[[Make], Change]:
    """Declare the decorated function as a kind of change, under its own name."""

    def register(make: Make) -> Change:
        return CHANGES.declare(make.__name__, Change(make.__name__, weight, make, informed))

    return register
