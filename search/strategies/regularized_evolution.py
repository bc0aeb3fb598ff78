"""Regularized evolution: a tournament finds the parent, its mutated child joins, the oldest leaves.

Real et al. 2019, "Regularized Evolution for Image Classifier Architecture Search"; the search that
found Lion. The first population is `population` copies of the start program.
"""

from collections import deque
from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

import numpy as np
from pydantic import Field

from dsl.program import Program
from search.mutation.mutator import Mutator
from search.strategies.base import Options, Proposal, Strategy, strategy


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
    """Aging evolution from copies of one program."""

    def __init__(self, options: EvolutionOptions, start: Program, mutator: Mutator):
        super().__init__(options, start, mutator)
        members = [_Member(0, start, None)] * options.population
        self._alive = deque(members, maxlen=options.population)

    def ask(self, number: int, rng: np.random.Generator, name: str) -> Proposal:
        drawn = [
            self._alive[int(rng.integers(len(self._alive)))] for _ in range(self.options.tournament)
        ]
        parent = max(drawn, key=_fitness)
        child, mutation = self.mutator.mutate(parent.program, rng, name)
        return Proposal(child, parent.number, mutation)

    def tell(self, number: int, program: Program, score: float | None) -> None:
        if number == 0:
            started = [member._replace(score=score) for member in self._alive]
            self._alive.extend(started)
        else:
            self._alive.append(_Member(number, program, score))

    def elite(self, place: int) -> tuple[int, Program] | None:
        members = {member.number: member for member in self._alive if member.score is not None}
        ranked = sorted(members.values(), key=_fitness, reverse=True)
        if place >= len(ranked):
            return None
        return ranked[place].number, ranked[place].program

    def again(self, number: int, scores: Sequence[float | None]) -> None:
        known = [score for score in scores if score is not None]
        mean = fmean(known) if len(known) == len(scores) else None
        alive = [m._replace(score=mean) if m.number == number else m for m in self._alive]
        self._alive.extend(alive)


def _fitness(member: _Member) -> tuple[float, int]:
    """By score, the younger of equals: drifting between equals is what finds new ground."""
    return (float("-inf") if member.score is None else member.score, member.number)
