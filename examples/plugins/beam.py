"""A strategy of your own: the best few families so far, each changed in turn.

A config asks for it by `strategy: {kind: beam, width: 6}`.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydantic import Field

from dsl.program import Program
from search.mutation import Breeder
from search.strategies import Judged, Options, Proposal, Strategy
from search.strategies.base import strategy


class BeamOptions(Options):
    """The options that a config may give."""

    kind: str = "beam"
    width: int = Field(default=6, ge=1, le=1000)
    """The families that are kept."""


@strategy("beam", BeamOptions)
class Beam(Strategy[BeamOptions]):
    """Keeps the best program of each of the `width` best families, and changes one after another.

    A start program stands in for every place that is not taken yet.
    """

    def __init__(self, options: BeamOptions, starts: Sequence[Program], breeder: Breeder):
        super().__init__(options, starts, breeder)
        self._best: list[tuple[float, int, str, Program]] = []

    def ask(self, number: int, rng: np.random.Generator, name: str) -> Proposal:
        place = number % self.options.width
        if place < len(self._best):
            _, parent, _, program = self._best[place]
        else:
            parent = place % len(self.starts)
            program = self.starts[parent]
        child, mutation = self.breeder.mutate(program, rng, name)
        return Proposal(child, parent, mutation)

    def tell(self, judged: Judged) -> None:
        if judged.score is None or not judged.complete or judged.source is not None:
            return
        rivals = [each for each in self._best if each[2] == judged.family]
        if any(each[0] >= judged.score for each in rivals):
            return
        others = [each for each in self._best if each[2] != judged.family]
        others.append((judged.score, judged.number, judged.family, judged.program))
        others.sort(key=lambda each: (-each[0], each[1]))
        self._best = others[: self.options.width]

    def elite(self, place: int) -> tuple[int, Program] | None:
        if place >= len(self._best):
            return None
        _, number, _, program = self._best[place]
        return number, program

    def state(self) -> Any:
        return self._best

    def restore(self, state: Any) -> None:
        self._best = [tuple(each) for each in state]
