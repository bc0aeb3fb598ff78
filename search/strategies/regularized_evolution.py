"""Regularized evolution: a tournament finds the parent, its mutated child joins, the oldest leaves.

Real et al. 2019, "Regularized Evolution for Image Classifier Architecture Search"; the search that
found Lion. The first population is `population` copies of the start programs.
"""

from collections import deque
from collections.abc import Sequence
from itertools import cycle, islice
from statistics import fmean
from typing import Any, NamedTuple

import numpy as np
from pydantic import Field

from dsl.program import Program
from search.mutation.breeder import Breeder
from search.mutation.mutator import Mutation
from search.strategies.base import Judged, Options, Proposal, Strategy, strategy


class EvolutionOptions(Options):
    """`population` members are alive; the best of `tournament` drawn ones becomes the parent."""

    kind: str = "regularized_evolution"
    population: int = Field(default=100, ge=2, le=100_000)
    tournament: int = Field(default=4, ge=1, le=1_000)


class _Member(NamedTuple):
    number: int
    program: Program
    score: float | None


@strategy("regularized_evolution", EvolutionOptions)
class RegularizedEvolution(Strategy[EvolutionOptions]):
    """Aging evolution from copies of the start programs."""

    def __init__(self, options: EvolutionOptions, starts: Sequence[Program], breeder: Breeder):
        super().__init__(options, starts, breeder)
        members = [_Member(number, start, None) for number, start in enumerate(starts)]
        copies = islice(cycle(members), max(options.population, len(members)))
        self._alive = deque(copies, maxlen=options.population)

    def ask(self, number: int, rng: np.random.Generator, name: str) -> Proposal:
        drawn = [
            self._alive[int(rng.integers(len(self._alive)))] for _ in range(self.options.tournament)
        ]
        parent = max(drawn, key=_fitness)
        child, mutation = self.changed(parent.program, rng, name)
        return Proposal(child, parent.number, mutation)

    def changed(
        self, parent: Program, rng: np.random.Generator, name: str
    ) -> tuple[Program, Mutation]:
        """A child of the parent that won."""
        return self.breeder.mutate(parent, rng, name)

    def tell(self, judged: Judged) -> None:
        if judged.number < len(self.starts):
            self._rescore(judged.number, judged.score)
        else:
            self._alive.append(_Member(judged.number, judged.program, judged.score))

    def elite(self, place: int) -> tuple[int, Program] | None:
        members = {member.number: member for member in self._alive if member.score is not None}
        ranked = sorted(members.values(), key=_fitness, reverse=True)
        if place >= len(ranked):
            return None
        return ranked[place].number, ranked[place].program

    def again(self, number: int, measured: Sequence[Judged]) -> None:
        known = [each.score for each in measured if each.score is not None]
        self._rescore(number, fmean(known) if len(known) == len(measured) else None)

    def state(self) -> Any:
        return list(self._alive)

    def restore(self, state: Any) -> None:
        self._alive = deque((_Member(*each) for each in state), maxlen=self.options.population)

    def _rescore(self, number: int, score: float | None) -> None:
        alive = [m._replace(score=score) if m.number == number else m for m in self._alive]
        self._alive.extend(alive)


def _fitness(member: _Member) -> tuple[float, int]:
    """By score, the younger of equals: drifting between equals is what finds new ground."""
    return (float("-inf") if member.score is None else member.score, member.number)
