"""One random change of a program: a statement in, out or altered; a constant; a slot.

Every child is a program of the language by construction, differs from its parent, and stays within
the limits of the campaign.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dsl.errors import Declared, KindError, PluginFails
from dsl.plugins import misused
from dsl.program import Program
from search.errors import CampaignFailed
from search.mutation.change import CHANGES, NothingFits, SearchSpace
from search.mutation.editor import Editor
from search.mutation.sampling import Weighted

_ATTEMPTS = 1000
"""Changes that are drawn for one child at most. About one in thirty gives no other program; all of
them do so only where the config allows none that fits."""


@dataclass(frozen=True)
class Mutation:
    """A change that was made to the parent: its kind, and its detail for people."""

    kind: str
    detail: str


@dataclass(frozen=True)
class Mutator:
    """Draws changes within `space`; `weights` are the relative chances of the kinds. Those that go
    by a prior are left out where `space` has none."""

    space: SearchSpace
    weights: Mapping[str, float]

    @cached_property
    def _kinds(self) -> Weighted[str]:
        informed = self.space.prior is not None
        drawn = (kind for kind in sorted(self.weights) if informed or not CHANGES[kind].informed)
        return Weighted((kind, self.weights[kind]) for kind in drawn)

    def mutate(
        self, parent: Program, rng: np.random.Generator, name: str
    ) -> tuple[Program, Mutation]:
        """A child of `parent` called `name`, a function of the parent and of `rng`.

        **Raises:** CampaignFailed if no change of these kinds fits the program.
        """
        for _ in range(_ATTEMPTS if len(self._kinds) else 0):
            kind = self._kinds.draw(rng)
            editor = Editor(parent)
            with suppress(NothingFits, KindError):
                detail = CHANGES[kind].make(editor, rng, self.space)
                if detail is None:
                    continue
                if not isinstance(detail, str):
                    raise _wordless(kind, detail)
                child = editor.program(name)
                if not child.same_rule(parent):
                    return child, Mutation(kind, detail)
        raise CampaignFailed(
            f"no change of {', '.join(self._kinds.items)} fits the program\n{parent}",
            help="raise mutation.max_statements or allow other kinds of mutation",
        )


def _wordless(kind: str, met: object) -> PluginFails:
    """The error for a change that does not say what it did."""
    return misused(
        Declared(CHANGES.noun, kind),
        CHANGES[kind].make,
        f"gives {met!r}, wanted words for what it did, or None where it cannot apply",
        "return a text such as 'the other direction'",
    )
