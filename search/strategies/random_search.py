"""Random search: every candidate is a start program after a few random changes.

The control that every claim of a search is held against: the same changes, no selection.
"""

import numpy as np
from pydantic import Field

from search.mutation.mutator import Mutation
from search.mutation.sampling import pick
from search.strategies.base import Judged, Options, Proposal, Strategy, strategy


class RandomOptions(Options):
    """A candidate is 1 to `changes` changes away from a start program."""

    kind: str = "random_search"
    changes: int = Field(default=10, ge=1, le=1_000)


@strategy("random_search", RandomOptions)
class RandomSearch(Strategy[RandomOptions]):
    """Changes a start program at random and learns nothing."""

    def ask(self, number: int, rng: np.random.Generator, name: str) -> Proposal:
        start = pick(rng, range(len(self.starts)))
        program, kinds = self.starts[start], []
        for _ in range(int(rng.integers(1, self.options.changes + 1))):
            program, mutation = self.breeder.mutate(program, rng, name)
            kinds.append(mutation.kind)
        return Proposal(program, start, Mutation("random", ", ".join(kinds)))

    def tell(self, judged: Judged) -> None:
        """Nothing to learn."""
