"""Recombination: the rules of the zoo put together anew, each task a way to be chosen.

The population is kept diverse by what its members do (`search.strategies.novelty`), and one that
does what an earlier candidate did is no member. A parent is chosen by lexicase selection (Spector
2012, "Assessment of problem modality by differential performance of lexicase selection"; with the
tolerance of La Cava et al. 2016, "Epsilon-lexicase selection for regression"): tasks are taken in
random order and only those that are near the best on each stay, so a specialist breeds as well as
an all-rounder. The objectives of a campaign besides quality are cases like the tasks.

Children are grafts, of a part of one program into another, and changes, half of them as known rules
are made. A new idea looks bad unless its parent's numbers happen to suit it, so a child that comes
out among the best has its numbers tuned, as long as that makes it better.
"""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

import numpy as np
from pydantic import Field

from dsl.program import Program
from search.mutation.breeder import Breeder
from search.mutation.mutator import Mutation
from search.mutation.sampling import chance, pick
from search.strategies.base import FamilyTuning, Judged, Options, Proposal, Strategy, strategy
from search.strategies.novelty import NovelPopulation


class RecombinationOptions(Options):
    """`population` members are alive; of `drawn` of them lexicase selection leaves the parent.

    While there are members among the best `promising` that were not tuned yet, `tune` of the
    children are these with other numbers: `tries` for each, and `family` for all of one family. Of
    the rest `graft` are grafts, with a donor from the zoo or, as often, the population; `again` of
    these are changed once more. `fresh` start from a start program.

    The first program of a family is tried with `settings` other sets of numbers on the first
    `on_tasks` tasks, and judged with the best; with none unless asked for, since the training steps
    that it takes found better rules in other children.
    """

    kind: str = "recombination"
    population: int = Field(default=300, ge=2, le=100_000)
    drawn: int = Field(default=24, ge=1, le=1_000)
    tune: float = Field(default=0.2, ge=0, le=1)
    tries: int = Field(default=4, ge=0, le=1_000)
    family: int = Field(default=40, ge=0, le=100_000)
    promising: float = Field(default=0.1, ge=0, le=1)
    graft: float = Field(default=0.3, ge=0, le=1)
    again: float = Field(default=1 / 3, ge=0, le=1)
    fresh: float = Field(default=0.03, ge=0, le=1)
    settings: int = Field(default=0, ge=0, le=1_000)
    on_tasks: int = Field(default=6, ge=1, le=1_000)


@dataclass
class _Member:
    number: int
    program: Program
    score: float
    cases: Mapping[str, float]


@strategy("recombination", RecombinationOptions)
class Recombination(Strategy[RecombinationOptions]):
    """Grafts and changes of rules that behave differently, parents chosen task by task."""

    def __init__(self, options: RecombinationOptions, starts: Sequence[Program], breeder: Breeder):
        super().__init__(options, starts, breeder)
        self._alive: NovelPopulation[_Member] = NovelPopulation(options.population)
        self._tuned: deque[int] = deque()
        """Members that are to be tuned, once for each try, in order."""
        self._to_beat: dict[int, float] = {}
        """By candidate with other numbers, the score of the member that it was made from."""
        self._tries: Counter[str] = Counter()
        """By family, the tries that were granted."""

    @property
    def tuning(self) -> FamilyTuning:
        return FamilyTuning(self.options.settings, self.options.on_tasks)

    def ask(self, number: int, rng: np.random.Generator, name: str) -> Proposal:
        if self._tuned and chance(rng, self.options.tune):
            member = self._alive.members.get(self._tuned.popleft())
            if member is not None:
                child, mutation = self.breeder.retune(member.program, rng, name)
                self._to_beat[number] = member.score
                return Proposal(child, member.number, mutation)
        parent, program = self._parent(rng)
        if chance(rng, self.options.graft):
            grafted = self._grafted(parent, program, rng, name)
            if grafted is not None:
                return grafted
        child, mutation = self.breeder.vary(program, rng, name)
        return Proposal(child, parent, mutation)

    def tell(self, judged: Judged) -> None:
        to_beat = self._to_beat.pop(judged.number, float("-inf"))
        if not judged.complete or judged.score is None or judged.source is not None:
            return
        member = _Member(judged.number, judged.program, judged.score, judged.cases)
        self._alive.add(judged.number, member, judged.score, judged.program)
        if judged.score >= max(to_beat, self._alive.quantile(1 - self.options.promising)):
            left = self.options.family - self._tries[judged.family]
            granted = min(self.options.tries, left)
            self._tries[judged.family] += granted
            self._tuned.extend([judged.number] * granted)

    def elite(self, place: int) -> tuple[int, Program] | None:
        ranked = sorted(self._alive.members.values(), key=_rank, reverse=True)
        return (ranked[place].number, ranked[place].program) if place < len(ranked) else None

    def again(self, number: int, measured: Sequence[Judged]) -> None:
        member = self._alive.members.get(number)
        if member is None:
            return
        if not all(each.complete for each in measured):
            self._alive.remove(number)
            return
        member.score = fmean(each.score for each in measured if each.score is not None)
        member.cases = {case: fmean(each.cases[case] for each in measured) for case in member.cases}
        self._alive.rescore(number, member.score)

    def state(self) -> Any:
        members = self._alive.members.values()
        return {
            "members": [[each.number, each.program, each.score, each.cases] for each in members],
            "tuned": list(self._tuned),
            "to_beat": list(self._to_beat.items()),
            "tries": self._tries,
        }

    def restore(self, state: Any) -> None:
        self._alive = NovelPopulation(self.options.population)
        for member in (_Member(*each) for each in state["members"]):
            self._alive.add(member.number, member, member.score, member.program)
        self._tuned = deque(state["tuned"])
        self._to_beat = dict(state["to_beat"])
        self._tries = Counter(state["tries"])

    def _parent(self, rng: np.random.Generator) -> tuple[int, Program]:
        """The program that a child is made from; a start program now and then, and at first."""
        members = list(self._alive.members.values())
        if not members or chance(rng, self.options.fresh):
            number = pick(rng, range(len(self.starts)))
            return number, self.starts[number]
        places = rng.random(self.options.drawn) * len(members)
        drawn = sorted(set(places.astype(int).tolist()))
        member = members[drawn[lexicase([members[place].cases for place in drawn], rng)]]
        return member.number, member.program

    def _grafted(
        self, parent: int, program: Program, rng: np.random.Generator, name: str
    ) -> Proposal | None:
        members = list(self._alive.members.values())
        of_zoo = not members or (self.breeder.zoo and chance(rng, 0.5))
        donor = None if of_zoo else pick(rng, members).program
        made = self.breeder.graft(program, donor, rng, name)
        if made is None:
            return None
        child, mutation, given = made
        if chance(rng, self.options.again):
            child, more = self.breeder.vary(child, rng, name)
            mutation = Mutation(mutation.kind, f"{mutation.detail}; {more.kind}: {more.detail}")
        return Proposal(child, parent, mutation, given)


def lexicase(scores: Sequence[Mapping[str, float]], rng: np.random.Generator) -> int:
    """The place of the one that is left when, case by case in random order, only those stay that
    are within the median absolute deviation of the best.

    **Arguments:** `scores`: by case, for each of those to choose from; all have the same cases.
    """
    cases = sorted(scores[0])
    left = list(range(len(scores)))
    for column in rng.permutation(len(cases)).tolist():
        values = [scores[place][cases[column]] for place in left]
        middle = median(values)
        least = max(values) - median([abs(value - middle) for value in values])
        left = [place for place, value in zip(left, values, strict=True) if value >= least]
        if len(left) == 1:
            break
    return left[int(rng.integers(len(left)))]


def _rank(member: _Member) -> tuple[float, int]:
    """By score, the younger of equals."""
    return member.score, member.number
