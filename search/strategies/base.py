"""Strategies: asked for a program, told its score. One declaration registers each, with options.

The campaign asks for candidate i once it has told i - look_ahead, and tells in the order of
candidates; so a strategy needs no clock, no randomness but the generator it is handed, and is
brought back by asking and telling the same again.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict

from dsl.declare import Registry
from dsl.program import Program
from search.mutation.mutator import Mutation, Mutator


class Options(BaseModel):
    """The options of a strategy, as the config spells them; `kind` is its name."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    kind: str


OptionsT = TypeVar("OptionsT", bound=Options)


@dataclass(frozen=True)
class Proposal:
    """A program to try, the candidate it was made from, and how."""

    program: Program
    parent: int | None
    mutation: Mutation


class Strategy(ABC, Generic[OptionsT]):
    """Chooses programs. `start` is the program that the campaign starts from, candidate 0."""

    options_type: ClassVar[type[Options]]

    def __init__(self, options: OptionsT, start: Program, mutator: Mutator):
        self.options = options
        self.start = start
        self.mutator = mutator

    @abstractmethod
    def ask(self, number: int, rng: np.random.Generator, name: str) -> Proposal:
        """Candidate `number` (from 1), called `name`; a function of what was told and of `rng`."""

    @abstractmethod
    def tell(self, number: int, program: Program, score: float | None) -> None:
        """The score of a candidate, None if it has none; candidates come in order from 0."""

    def elite(self, place: int) -> tuple[int, Program] | None:
        """The candidate at `place` (from 0) in the ranking by score, to be measured again; None
        where the ranking ends before, or the strategy does not go by scores."""
        return None

    def again(self, number: int, scores: Sequence[float | None]) -> None:
        """The scores so far of a candidate that was measured again. Ignored by default."""


STRATEGIES: Registry[type[Strategy]] = Registry("strategy")

S = TypeVar("S", bound=type[Strategy])


def strategy(name: str, options: type[Options]) -> Callable[[S], S]:
    """Register the decorated strategy under the name that configs use."""

    def register(declared: S) -> S:
        declared.options_type = options
        STRATEGIES.declare(name, declared)
        return declared

    return register
