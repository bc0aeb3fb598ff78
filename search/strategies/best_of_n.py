"""Best of N: every candidate is a start program after one change, the best of them is the answer.

A control without accumulation: a search earns the difference by building on what it finds.
"""

import numpy as np

from search.mutation.sampling import pick
from search.strategies.base import Judged, Options, Proposal, Strategy, strategy


class BestOfNOptions(Options):
    """Nothing to choose: N is the budget of the campaign."""

    kind: str = "best_of_n"


@strategy("best_of_n", BestOfNOptions)
class BestOfN(Strategy[BestOfNOptions]):
    """Makes mutants of the start programs, one change each."""

    def ask(self, number: int, rng: np.random.Generator, name: str) -> Proposal:
        start = pick(rng, range(len(self.starts)))
        child, mutation = self.breeder.mutate(self.starts[start], rng, name)
        return Proposal(child, start, mutation)

    def tell(self, judged: Judged) -> None:
        """Nothing to learn."""
