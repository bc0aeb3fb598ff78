"""A table of size against score: what is left of a rule, and what the next step would have cost."""

from dataclasses import dataclass
from statistics import fmean
from typing import Any

from dsl.program import Program
from evaluators.statistics import Evidence


@dataclass(frozen=True)
class Choice:
    """A line of the table: a program, its scores by fresh seed, and its lead over the rule.

    `edits` in words are what was changed since the line that it was made from; `accepted` says that
    a test saw no harm in all changes together. `difference` is None for the rule itself.
    """

    program: Program
    edits: tuple[str, ...]
    accepted: bool
    scores: tuple[float, ...]
    difference: Evidence | None = None

    @property
    def size(self) -> int:
        """Statements and slots."""
        return len(self.program.statements) + len(self.program.slots)

    @property
    def mean(self) -> float:
        """Mean score; the tuned scale is 1, the untrained model 0."""
        return fmean(self.scores)

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "statements": len(self.program.statements),
            "slots": list(self.program.slots),
            "score": self.mean,
            "scores": list(self.scores),
            "difference": self.difference and self.difference.to_json(),
            "accepted": self.accepted,
            "edits": list(self.edits),
            "text": str(self.program),
        }


@dataclass(frozen=True)
class MeasuredReduction:
    """The table: the rule, what was accepted in its place, and smaller programs at a price, each
    in its order; with the work that was paid for it."""

    choices: tuple[Choice, ...]
    scale: tuple[float, ...]
    """The scores of the scale on the same seeds."""
    evaluations: int
    training: tuple[int, int]
    """Steps up to the first checkpoints, and after them."""

    @property
    def chosen(self) -> Choice:
        """The last that was accepted."""
        return [each for each in self.choices if each.accepted][-1]

    def at_most(self, size: int) -> Choice | None:
        """The best of those with at most so many statements and slots."""
        small = [each for each in self.choices if each.size <= size]
        return max(small, key=lambda each: each.mean, default=None)
