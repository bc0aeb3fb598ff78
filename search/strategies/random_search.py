"""Random search: every candidate is the start program after a few random changes.

The control that every claim of a search is held against: the same changes, no selection.
"""

import numpy as np
from pydantic import Field

from dsl.program import Program
from search.mutation.mutator import Mutation
from search.strategies.base import Options, Proposal, Strategy, strategy


class RandomOptions(Options):
    """A candidate is 1 to `changes` changes away from the start program."""

    kind: str = "random_search"
    changes: int = Field(default=10, ge=1, le=1_000)


@strategy("random_search", RandomOptions)
class RandomSearch(Strategy[RandomOptions]):
    """Changes the start program at random and learns nothing."""

    def ask(self, number: int, rng: np.random.Generator, name: str) -> Proposal:
        program, kinds = self.start, []
        for _ in range(int(rng.integers(1, self.options.changes + 1))):
            program, mutation = self.mutator.mutate(program, rng, name)
            kinds.append(mutation.kind)
        return Proposal(program, 0, Mutation("random", ", ".join(kinds)))

    def tell(self, number: int, program: Program, score: float | None) -> None:
        """Nothing to learn."""
