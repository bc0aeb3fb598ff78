"""The objective of tuning: the score itself, so that the best of a grid is the best by the table.

The score is progress relative to that of the scale, AdamW, at both horizons. AdamW is tuned first,
by its own score: a point is taken if no point of the grid scores higher when it is the score of 1.
All others are tuned by the score against it. Only the upper bound of a score is left out, where
good points would be equal.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from dsl.program import Program
from evaluators.comparison.results import reference_of
from evaluators.score import relative
from evaluators.tuning.grid import GridSearch, GridTuned, Point

ROUNDS = 8
"""The times that the scale's own best point may become its score of 1."""

Gains = Sequence[Sequence[float]]
"""Progress in nats, [seeds][horizons], NaN for a run that failed."""


@dataclass(frozen=True)
class TuningResult:
    """The best point of a rule's grid by the score; `reference` is the score of 1 in nats,
    [horizons], on the seeds of the tuning."""

    tuned: GridTuned
    reference: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"tuned": self.tuned.to_json(), "reference": list(self.reference)}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "TuningResult":
        """The inverse of `to_json`; KeyError, TypeError or ValueError for other data."""
        return TuningResult(
            GridTuned.from_json(data["tuned"]), tuple(map(float, data["reference"]))
        )


def mean_score(gains: Gains, reference: Sequence[float]) -> float:
    """The score without its upper bound, the mean over seeds; `reference` is the score of 1."""
    return fmean(relative(run, reference, best=math.inf) for run in gains)


class ScoreSearch:
    """The search for the best rate and weight decay of a rule by its score against the scale.

    As `GridSearch`, but it is told the gains at the points that it asks for. No point is asked for
    twice.
    """

    def __init__(self, rule: Program, reference: Sequence[float]):
        self._rule = rule
        self._reference = tuple(reference)
        self._grid = GridSearch(rule)
        self._gains: dict[Point, Gains] = {}

    def ask(self) -> list[Point]:
        """The points to train next, those of one decay in a row; none when the search has ended."""
        while points := self._grid.ask():
            if new := [point for point in points if point not in self._gains]:
                return new
            values = [mean_score(self._gains[point], self._reference) for point in points]
            self._grid.tell(values)
        return []

    def tell(self, gains: Sequence[Gains]) -> None:
        """Take the gains at the points that `ask` gives, in its order."""
        self._gains.update(zip(self.ask(), gains, strict=True))

    @property
    def result(self) -> TuningResult:
        """The best point, once the search has ended."""
        return TuningResult(self._grid.result, self._reference)


class ScaleSearch(ScoreSearch):
    """The search for the best rate and weight decay of the scale by its own score.

    It begins with the highest mean progress, and searches the grid again by the score at the point
    it found until that stays. Where points would take turns, the last of `ROUNDS` is taken. `least`
    is as in `evaluators.score.mean_progress`.
    """

    def __init__(self, rule: Program, horizons: int, least: float):
        super().__init__(rule, (1.0,) * horizons)
        self._least = least
        self._rounds_left = ROUNDS

    def ask(self) -> list[Point]:
        """The points to train next, those of one decay in a row; none when the search has ended."""
        while not (points := super().ask()):
            own = self.result.reference
            if own == self._reference or not self._rounds_left:
                return []
            self._rounds_left -= 1
            self._reference, self._grid = own, GridSearch(self._rule)
        return points

    @property
    def result(self) -> TuningResult:
        """The best point, and what it scores 1 by, once the search has ended."""
        tuned = self._grid.result
        gains = self._gains[Point(tuned.decay, tuned.rate)]
        return TuningResult(tuned, reference_of(gains, self._least))
