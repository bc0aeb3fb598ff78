"""Recombination: the rules of the zoo put together anew, each task a way to be chosen.

The population is kept diverse by its families: programs of one skeleton with other numbers share a
few places. A parent is chosen by lexicase selection (Spector 2012, "Assessment of problem modality
by differential performance of lexicase selection"; with the tolerance of La Cava et al. 2016,
"Epsilon-lexicase selection for regression"): tasks are taken in random order and only those that
are near the best on each stay, so a specialist breeds as well as an all-rounder. The objectives of
a campaign besides quality are cases like the tasks.

Children are grafts, of a part of one program into another, and changes, half of them as known rules
are made.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

import numpy as np
from pydantic import Field

from dsl.program import Program
from search.mutation.breeder import Breeder
from search.mutation.mutator import Mutation
from search.mutation.sampling import chance, pick
from search.strategies.base import Judged, Options, Proposal, Strategy, strategy


class RecombinationOptions(Options):
    """`population` members are alive, at most `family` of one family; a parent is the one of
    `drawn` members that lexicase selection leaves.

    Of the children `graft` are grafts, with a donor from the zoo or, as often, the population;
    `again` of these are changed once more. `fresh` start from a start program.
    """

    kind: str = "recombination"
    population: int = Field(default=300, ge=2, le=100_000)
    family: int = Field(default=8, ge=1, le=1_000)
    drawn: int = Field(default=24, ge=1, le=1_000)
    graft: float = Field(default=0.3, ge=0, le=1)
    again: float = Field(default=1 / 3, ge=0, le=1)
    fresh: float = Field(default=0.03, ge=0, le=1)


@dataclass
class _Member:
    number: int
    program: Program
    family: str
    score: float
    cases: Mapping[str, float]


@strategy("recombination", RecombinationOptions)
class Recombination(Strategy[RecombinationOptions]):
    """Grafts and changes among families of rules, parents chosen task by task."""

    def __init__(self, options: RecombinationOptions, starts: Sequence[Program], breeder: Breeder):
        super().__init__(options, starts, breeder)
        self._alive: dict[int, _Member] = {}
        """The members by number, the oldest first."""

    def ask(self, number: int, rng: np.random.Generator, name: str) -> Proposal:
        parent, program = self._parent(rng)
        if chance(rng, self.options.graft):
            grafted = self._grafted(parent, program, rng, name)
            if grafted is not None:
                return grafted
        child, mutation = self.breeder.vary(program, rng, name)
        return Proposal(child, parent, mutation)

    def tell(self, judged: Judged) -> None:
        if not judged.complete or judged.score is None:
            return
        member = _Member(judged.number, judged.program, judged.family, judged.score, judged.cases)
        kin = [each for each in self._alive.values() if each.family == member.family]
        if len(kin) >= self.options.family:
            worst = min(kin, key=_rank)
            if worst.score >= member.score:
                return
            del self._alive[worst.number]
        self._alive[member.number] = member
        if len(self._alive) > self.options.population:
            del self._alive[next(iter(self._alive))]

    def elite(self, place: int) -> tuple[int, Program] | None:
        ranked = sorted(self._alive.values(), key=_rank, reverse=True)
        return (ranked[place].number, ranked[place].program) if place < len(ranked) else None

    def again(self, number: int, measured: Sequence[Judged]) -> None:
        member = self._alive.get(number)
        if member is None:
            return
        if not all(each.complete for each in measured):
            del self._alive[number]
            return
        member.score = fmean(each.score for each in measured if each.score is not None)
        member.cases = {case: fmean(each.cases[case] for each in measured) for case in member.cases}

    def _parent(self, rng: np.random.Generator) -> tuple[int, Program]:
        """The program that a child is made from; a start program now and then, and at first."""
        if not self._alive or chance(rng, self.options.fresh):
            number = pick(rng, range(len(self.starts)))
            return number, self.starts[number]
        members = list(self._alive.values())
        drawn = {pick(rng, range(len(members))) for _ in range(self.options.drawn)}
        chosen = lexicase([members[place].cases for place in sorted(drawn)], rng)
        member = members[sorted(drawn)[chosen]]
        return member.number, member.program

    def _grafted(
        self, parent: int, program: Program, rng: np.random.Generator, name: str
    ) -> Proposal | None:
        if self.breeder.zoo and (not self._alive or chance(rng, 0.5)):
            donor = pick(rng, self.breeder.zoo)
        elif self._alive:
            donor = pick(rng, list(self._alive.values())).program
        else:
            return None
        made = self.breeder.graft(program, donor, rng, name)
        if made is None:
            return None
        child, mutation = made
        if chance(rng, self.options.again):
            child, more = self.breeder.vary(child, rng, name)
            mutation = Mutation(mutation.kind, f"{mutation.detail}; {more.kind}: {more.detail}")
        return Proposal(child, parent, mutation, donor.name)


def lexicase(scores: Sequence[Mapping[str, float]], rng: np.random.Generator) -> int:
    """The place of the one that is left when, case by case in random order, only those stay that
    are within the median absolute deviation of the best.

    **Arguments:** `scores`: by case, for each of those to choose from; all have the same cases.
    """
    cases = sorted(scores[0])
    table = np.asarray([[each[case] for case in cases] for each in scores])
    left = np.arange(len(scores))
    for column in rng.permutation(len(cases)):
        values = table[left, column]
        spread = np.median(np.abs(values - np.median(values)))
        left = left[values >= values.max() - spread]
        if len(left) == 1:
            break
    return int(left[int(rng.integers(len(left)))])


def _rank(member: _Member) -> tuple[float, int]:
    """By score, the younger of equals."""
    return member.score, member.number
