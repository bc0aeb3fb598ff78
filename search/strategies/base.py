"""Strategies: asked for a program, told its evaluation; one declaration registers each.

The campaign tries the programs that it starts from first, as candidates 0, 1, ... After them it
asks for candidate i once it has told i - look_ahead, and tells in the order of candidates; so a
strategy needs no clock and no randomness but the generator it is handed. It is brought back from
its `state`, or by asking and telling the same again.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict

from dsl.declare import Registry
from dsl.program import Program
from search.mutation.breeder import Breeder
from search.mutation.mutator import Mutation


class Options(BaseModel):
    """The options of a strategy, as the config spells them; `kind` is its name."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    kind: str
    """The name of the strategy."""


OptionsT = TypeVar("OptionsT", bound=Options)


@dataclass(frozen=True)
class Proposal:
    """A program to try, the candidate it was made from, and how.

    `donor` names the program that gave a part, if one did: a rule of the zoo, or a candidate.
    """

    program: Program
    parent: int | None
    mutation: Mutation
    donor: str | None = None


class FamilyTuning(NamedTuple):
    """The tuning of a new family's first program before it is judged: with `settings` other sets of
    numbers, on the first `tasks` tasks."""

    settings: int = 0
    tasks: int = 1


@dataclass(frozen=True)
class Judged:
    """A candidate and what its evaluation says.

    `score` is for all tasks together; None where there was no evaluation. `by_task` has the mean
    score over seeds of every task that it was trained on; `complete` says that it was trained to
    the end on all of them. `spared` has the objectives of the campaign besides quality, larger for
    a rule that asks for less. One that repeats an earlier candidate (`source`) has what that has.
    """

    number: int
    program: Program
    family: str
    score: float | None
    by_task: Mapping[str, float] = field(default_factory=dict)
    complete: bool = False
    spared: Mapping[str, float] = field(default_factory=dict)
    source: int | None = None

    @property
    def cases(self) -> dict[str, float]:
        """All that it can be chosen for: scores by task, and the other objectives."""
        return {**self.by_task, **self.spared}


class Strategy(ABC, Generic[OptionsT]):
    """Chooses programs. `starts` are those that the campaign starts from, candidates 0 and on."""

    options_type: ClassVar[type[Options]]

    def __init__(self, options: OptionsT, starts: Sequence[Program], breeder: Breeder):
        self.options = options
        self.starts = starts
        self.breeder = breeder

    @property
    def tuning(self) -> FamilyTuning:
        """The tuning of new families; none by default."""
        return FamilyTuning()

    @abstractmethod
    def ask(self, number: int, rng: np.random.Generator, name: str) -> Proposal:
        """Candidate `number`, after the starts, called `name`; a function of what was told and of
        `rng`."""

    @abstractmethod
    def tell(self, judged: Judged) -> None:
        """The evaluation of a candidate; candidates come in order from 0."""

    def elite(self, place: int) -> tuple[int, Program] | None:
        """The candidate at `place` (from 0) in the ranking by score, to be measured again; None
        where the ranking ends before, or the strategy does not go by scores."""
        return None

    def again(self, number: int, measured: Sequence[Judged]) -> None:
        """All evaluations so far of a candidate that was measured again. Ignored by default."""

    def state(self) -> Any:
        """Everything it has learned, so that `restore` brings another one of the same options and
        starts to where this one is.

        Numbers, texts, None, sequences, mappings with texts for keys, and programs; the less, the
        better, since it is stored every few hundred candidates. By default nothing, for strategies
        that learn nothing.

        **Raises:** TypeError if the strategy keeps something and has no `state` of its own.
        """
        kept = sorted(vars(self).keys() - {"options", "starts", "breeder"})
        if kept:
            raise TypeError(f"{type(self).__name__} keeps {', '.join(kept)}, and has no state()")

    def restore(self, state: Any) -> None:
        """Go on from what `state` gave; sequences come back as lists."""


STRATEGIES: Registry[type[Strategy]] = Registry("strategy")

S = TypeVar("S", bound=type[Strategy])


def strategy(name: str, options: type[Options]) -> Callable[[S], S]:
    """Register the decorated strategy under the name that configs use."""

    def register(declared: S) -> S:
        declared.options_type = options
        STRATEGIES.declare(name, declared)
        return declared

    return register
