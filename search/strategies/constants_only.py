"""Constants only: regularized evolution whose every change is one of a number.

A control: what it reaches is tuning alone, since its rules are those it starts from.
"""

import numpy as np

from dsl.program import Program
from search.mutation.mutator import Mutation
from search.strategies.base import strategy
from search.strategies.regularized_evolution import EvolutionOptions, RegularizedEvolution


class ConstantsOptions(EvolutionOptions):
    """As for regularized evolution: `population` members are alive, and the best of `tournament`
    drawn ones becomes the parent."""

    kind: str = "constants_only"


@strategy("constants_only", ConstantsOptions)
class ConstantsOnly(RegularizedEvolution):
    """Aging evolution of the numbers of the start programs."""

    def changed(
        self, parent: Program, rng: np.random.Generator, name: str
    ) -> tuple[Program, Mutation]:
        return self.breeder.retune(parent, rng, name)
