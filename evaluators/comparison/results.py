"""The result of a comparison as plain data: tuned rules, their runs, and the arrays of them."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from evaluators.comparison.grid_search import GridTuned
from evaluators.comparison.speedup import Floats
from evaluators.score import BEST, WORST
from evaluators.train import horizons

SCALE = "adamw"
"""The baseline whose tuned score is 1, always among those compared."""

_LOOKS = 20
_LEAST_PROGRESS = 0.1
"""Nats of progress that count as a score of 1 where the scale itself makes less than that."""


@dataclass(frozen=True)
class Ground:
    """One task of the comparison: the steps after which its losses are taken, and those of them
    that make the score."""

    name: str
    steps: int
    looks: tuple[int, ...]
    horizons: tuple[int, ...]

    @staticmethod
    def of(name: str, steps: int) -> "Ground":
        """Twenty looks evenly up to the horizon, and those of the score."""
        scored = horizons(steps)
        even = {-(-steps * k // _LOOKS) for k in range(1, _LOOKS + 1)}
        return Ground(name, steps, tuple(sorted(even.union(scored))), scored)


@dataclass(frozen=True)
class Entrant:
    """A rule that is compared; `memory` is what its state holds per parameter, small state aside.

    `hash` is that of its canonical form. `gradients` is what a step asks of the tasks, as a number
    of gradients that take as long (`evaluators.cost`), the mean over the tasks.
    """

    name: str
    hash: str
    candidate: bool
    memory: int
    gradients: float


@dataclass(frozen=True)
class Runs:
    """A rule on a task: how it was tuned, and its validation losses on the fresh seeds.

    `losses` is [seeds][looks]; one that was not reached is NaN, and so is the last one of a run
    that failed past the horizon. `gains` is the progress in nats (`evaluators.score.progress`),
    [seeds][horizons], NaN for a run that failed.
    """

    tuned: GridTuned
    losses: tuple[tuple[float, ...], ...]
    gains: tuple[tuple[float, ...], ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data without NaN; `from_json` gives equal runs back."""
        return {
            "tuned": asdict(self.tuned),
            "losses": [[_finite(loss) for loss in row] for row in self.losses],
            "gains": [[_finite(gain) for gain in row] for row in self.gains],
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Runs":
        """The runs that `to_json` made; KeyError, TypeError or ValueError for other data."""
        sweep = tuple((float(rate), float(value)) for rate, value in data["tuned"]["sweep"])
        losses = tuple(tuple(map(_number, row)) for row in data["losses"])
        gains = tuple(tuple(map(_number, row)) for row in data["gains"])
        return Runs(GridTuned(**{**data["tuned"], "sweep": sweep}), losses, gains)


@dataclass(frozen=True)
class Comparison:
    """Every rule on every task and seed.

    `runs` and `seconds` are [entrant][task]; `seconds` is the wall time of a step, measured side by
    side on the machine at hand and NaN for a rule that fails, and the only part that differs
    between two comparisons of the same rules. `looked_at` is the number of rules that were tried on
    these tasks.
    """

    suite: str
    grounds: tuple[Ground, ...]
    seeds: tuple[int, ...]
    entrants: tuple[Entrant, ...]
    runs: tuple[tuple[Runs, ...], ...]
    seconds: tuple[tuple[float, ...], ...]
    looked_at: int

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of the tasks."""
        return tuple(ground.name for ground in self.grounds)

    @property
    def scale(self) -> int:
        """Which entrant has score 1."""
        return self.index(SCALE)

    @property
    def baselines(self) -> tuple[int, ...]:
        """Which entrants are baselines."""
        return tuple(i for i, entrant in enumerate(self.entrants) if not entrant.candidate)

    @property
    def candidates(self) -> tuple[int, ...]:
        """Which entrants are candidates."""
        return tuple(i for i, entrant in enumerate(self.entrants) if entrant.candidate)

    def index(self, name: str) -> int:
        """Which entrant has that name."""
        return [entrant.name for entrant in self.entrants].index(name)

    def losses(self, entrant: int, task: int) -> Floats:
        """[seeds, looks], NaN where a run had failed."""
        return np.asarray(self.runs[entrant][task].losses, float)

    def scores(self, entrant: int) -> Floats:
        """[tasks, seeds]: as `evaluators.score.score`, progress at each horizon relative to that
        of the tuned scale, clipped, and their mean; a failed run scores the worst."""
        rows = []
        for task, runs in enumerate(self.runs[entrant]):
            gains = np.asarray(runs.gains, float)
            clipped = np.clip(gains / self.reference(task), WORST, BEST)
            rows.append(np.where(np.isnan(gains), WORST, clipped).mean(axis=1))
        return np.asarray(rows)

    def reference(self, task: int) -> Floats:
        """Nats of progress that are a score of 1, [horizons]: the mean of the tuned scale's runs, a
        failed one making none."""
        gains = np.nan_to_num(np.asarray(self.runs[self.scale][task].gains, float), nan=0.0)
        return np.maximum(gains.mean(axis=0), _LEAST_PROGRESS)

    def to_json(self) -> dict[str, Any]:
        """Plain data without NaN."""
        return {
            "suite": self.suite,
            "tasks": [asdict(ground) for ground in self.grounds],
            "seeds": list(self.seeds),
            "rules": [
                {
                    **asdict(entrant),
                    "runs": {
                        task: {**runs.to_json(), "seconds_per_step": _finite(seconds)}
                        for task, runs, seconds in zip(self.tasks, row, times, strict=True)
                    },
                }
                for entrant, row, times in zip(self.entrants, self.runs, self.seconds, strict=True)
            ],
            "looked_at": self.looked_at,
        }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
