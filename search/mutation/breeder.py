"""The ways in which a search comes to new programs, for every strategy to choose from.

`mutate` makes one of the published changes, `vary` one that goes by the prior of known rules too,
and `graft` puts a part of one program into another. `zoo` holds the known rules that may be donors.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from dsl.program import Program
from search.mutation.change import SearchSpace
from search.mutation.graft import DonorPart, drawn_part, graft, parts_of
from search.mutation.mutator import Mutation, Mutator
from search.mutation.prior import prior_of
from search.mutation.sampling import pick
from search.mutation.settings import settings

_ATTEMPTS = 8
"""Parts and places that are drawn for one graft at most."""


@dataclass(frozen=True)
class Breeder:
    """Makes children within `space`; `weights` are the relative chances of the kinds of change."""

    space: SearchSpace
    weights: dict[str, float]
    zoo: Sequence[Program] = ()

    @cached_property
    def mutator(self) -> Mutator:
        """Draws the published changes."""
        return Mutator(replace(self.space, prior=None), self.weights)

    @cached_property
    def _informed(self) -> Mutator:
        table = self.space.primitives.weights
        prior = prior_of(tuple(self.zoo), tuple(table.items()))
        return Mutator(replace(self.space, prior=prior), self.weights)

    @cached_property
    def _constants(self) -> Mutator:
        return Mutator(replace(self.space, prior=None), {"constant": 1.0})

    def mutate(
        self, parent: Program, rng: np.random.Generator, name: str
    ) -> tuple[Program, Mutation]:
        """A child by one of the published changes."""
        return self.mutator.mutate(parent, rng, name)

    def vary(
        self, parent: Program, rng: np.random.Generator, name: str
    ) -> tuple[Program, Mutation]:
        """A child by one change of any kind, half of those that add something by the prior."""
        return self._informed.mutate(parent, rng, name)

    def retune(
        self, parent: Program, rng: np.random.Generator, name: str
    ) -> tuple[Program, Mutation]:
        """A child with one number changed."""
        return self._constants.mutate(parent, rng, name)

    def settings(
        self, program: Program, rng: np.random.Generator, count: int
    ) -> tuple[Program, ...]:
        """Up to `count` times the program with other numbers."""
        return settings(program, rng, count)

    def graft(
        self, receiver: Program, donor: Program | None, rng: np.random.Generator, name: str
    ) -> tuple[Program, Mutation, str] | None:
        """A child with a part of `donor`, of any known rule if None, and the donor's name; None
        where nothing small enough came of a few attempts."""
        space = self.space
        for _ in range(_ATTEMPTS):
            part = drawn_part(donor, rng) if donor else self._known_part(rng)
            if part is None:
                return None
            made = graft(receiver, part, rng, name, space.statements, space.slots)
            if made is not None and not made[0].same_rule(receiver):
                return made[0], Mutation("graft", made[1]), part.donor
        return None

    def _known_part(self, rng: np.random.Generator) -> DonorPart | None:
        return pick(rng, self._parts) if self._parts else None

    @cached_property
    def _parts(self) -> tuple[DonorPart, ...]:
        return parts_of(tuple(self.zoo))
