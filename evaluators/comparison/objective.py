"""The objective of tuning: the score itself, so that the best of a grid is the best by the table.

The score is progress relative to that of the scale, AdamW, at both horizons. AdamW is tuned first,
by its own score: a point is taken if no point of the grid scores higher when it is the score of 1.
All others are tuned by the score against it. Only the upper bound of a score is left out, where
good points would be equal.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from dsl.program import Program
from evaluators.comparison.results import reference_of
from evaluators.score import relative
from evaluators.tuning.grid import GridTuned, Measure, grid_tune

ROUNDS = 8
"""The times that the scale's own best point may become its score of 1."""

Gains = Sequence[Sequence[float]]
"""Progress in nats, [seeds][horizons], NaN for a run that failed."""
Train = Callable[[float | None, Sequence[float | None]], Sequence[Gains]]
"""(weight decay, rates) -> the gains at each rate; None where the rule has no such constant."""


@dataclass(frozen=True)
class Tuning:
    """The best point of a rule's grid by the score; `reference` is the score of 1 in nats,
    [horizons], on the seeds of the tuning."""

    tuned: GridTuned
    reference: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return {"tuned": self.tuned.to_json(), "reference": list(self.reference)}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Tuning":
        """The inverse of `to_json`; KeyError, TypeError or ValueError for other data."""
        return Tuning(GridTuned.from_json(data["tuned"]), tuple(map(float, data["reference"])))


def tune_by_score(rule: Program, train: Train, reference: Sequence[float]) -> Tuning:
    """The best rate and weight decay of a rule by its score against the scale."""
    return Tuning(grid_tune(rule, _Scored(train).by(reference)), tuple(reference))


def tune_scale(rule: Program, train: Train, horizons: int, least: float) -> Tuning:
    """The best rate and weight decay of the scale by its own score.

    Begins with the highest mean progress. No run is paid twice; where points would take turns, the
    last of `ROUNDS` is taken. `least` is as in `evaluators.score.mean_progress`.
    """
    scored = _Scored(train)

    def best_by(reference: Sequence[float]) -> Tuning:
        tuned = grid_tune(rule, scored.by(reference))
        return Tuning(tuned, reference_of(scored.gains(tuned.decay, tuned.rate), least))

    found = best_by((1.0,) * horizons)
    for _ in range(ROUNDS):
        before, found = found, best_by(found.reference)
        if found.reference == before.reference:
            break
    return found


class _Scored:
    """Points of a grid, each trained when first asked for."""

    def __init__(self, train: Train):
        self._train = train
        self._known: dict[tuple[float | None, float | None], Gains] = {}

    def by(self, reference: Sequence[float]) -> Measure:
        """Mean score over the seeds, by rate."""

        def measure(decay: float | None, rates: Sequence[float | None]) -> list[float]:
            new = [rate for rate in rates if (decay, rate) not in self._known]
            if new:
                found = self._train(decay, new)
                self._known.update(zip(((decay, rate) for rate in new), found, strict=True))
            return [
                fmean(relative(run, reference, best=math.inf) for run in self.gains(decay, rate))
                for rate in rates
            ]

        return measure

    def gains(self, decay: float | None, rate: float | None) -> Gains:
        return self._known[decay, rate]
