"""The result of a comparison as plain data: tuned rules, their runs, and the arrays of them."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from evaluators.score import least_progress, mean_progress, relative
from evaluators.task import Task
from evaluators.training.checkpoints import horizons
from evaluators.tuning.grid import GridTuned

SCALE = "adamw"
"""The baseline whose tuned score is 1, always among those compared."""

_CHECKPOINTS = 20


@dataclass(frozen=True)
class TaskSetup:
    """One task of the comparison: the steps after which its losses are taken, those of them that
    make the score, and the nats of progress that a score of 1 stands for at least."""

    name: str
    steps: int
    checkpoints: tuple[int, ...]
    horizons: tuple[int, ...]
    least: float

    @staticmethod
    def of(task: Task, steps: int) -> "TaskSetup":
        """Twenty checkpoints evenly up to the horizon, and those of the score."""
        scored = horizons(steps)
        even = {-(-steps * k // _CHECKPOINTS) for k in range(1, _CHECKPOINTS + 1)}
        checkpoints = tuple(sorted(even.union(scored)))
        return TaskSetup(task.name, steps, checkpoints, scored, least_progress(task))

    def to_json(self) -> dict[str, Any]:
        """Plain data; the file calls the checkpoints looks."""
        fields = asdict(self)
        return {"looks" if name == "checkpoints" else name: fields[name] for name in fields}


@dataclass(frozen=True)
class Entrant:
    """A rule that is compared; `memory` is what its state holds per parameter, small state aside.

    `hash` is that of its canonical form. `gradients` is the cost of a step in gradients that take
    as long (`evaluators.cost`), the mean over the tasks.
    """

    name: str
    hash: str
    candidate: bool
    memory: int
    gradients: float


@dataclass(frozen=True)
class Runs:
    """A rule on a task: the best point of its tuning, and its validation losses on the fresh seeds.

    `losses` is [seeds][checkpoints]; one that was not reached is NaN, and so is the last one of a
    run that failed past the horizon. `gains` is the progress in nats (`evaluators.score.progress`),
    [seeds][horizons], NaN for a run that failed.
    """

    tuned: GridTuned
    losses: tuple[tuple[float, ...], ...]
    gains: tuple[tuple[float, ...], ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data without NaN; `from_json` gives equal runs back."""
        return {
            "tuned": self.tuned.to_json(),
            "losses": [[_finite(loss) for loss in row] for row in self.losses],
            "gains": [[_finite(gain) for gain in row] for row in self.gains],
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Runs":
        """The runs that `to_json` made; KeyError, TypeError or ValueError for other data."""
        losses = tuple(tuple(map(_number, row)) for row in data["losses"])
        gains = tuple(tuple(map(_number, row)) for row in data["gains"])
        return Runs(GridTuned.from_json(data["tuned"]), losses, gains)


@dataclass(frozen=True)
class Comparison:
    """Every rule on every task and seed.

    `runs` and `seconds` are [entrant][task]; `seconds` is the wall time of a step, measured side by
    side on the machine at hand and NaN for a rule that fails, and the only part that differs
    between two comparisons of the same rules. `looked_at` is the number of rules that were tried on
    these tasks.
    """

    suite: str
    setups: tuple[TaskSetup, ...]
    seeds: tuple[int, ...]
    entrants: tuple[Entrant, ...]
    runs: tuple[tuple[Runs, ...], ...]
    seconds: tuple[tuple[float, ...], ...]
    looked_at: int

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of the tasks."""
        return tuple(setup.name for setup in self.setups)

    @property
    def scale(self) -> int:
        """The number of the entrant whose score is 1."""
        return self.index(SCALE)

    @property
    def baselines(self) -> tuple[int, ...]:
        """The numbers of the baselines."""
        return tuple(i for i, entrant in enumerate(self.entrants) if not entrant.candidate)

    @property
    def candidates(self) -> tuple[int, ...]:
        """The numbers of the candidates."""
        return tuple(i for i, entrant in enumerate(self.entrants) if entrant.candidate)

    def index(self, name: str) -> int:
        """The number of the entrant of that name."""
        return [entrant.name for entrant in self.entrants].index(name)

    def losses(self, entrant: int, task: int) -> Float[np.ndarray, "seeds checkpoints"]:
        """The losses of an entrant on a task, NaN where a run had failed."""
        return np.asarray(self.runs[entrant][task].losses, float)

    def scores(self, entrant: int) -> Float[np.ndarray, "tasks seeds"]:
        """The scores of an entrant, as `evaluators.score.score`: progress at each horizon relative
        to that of the tuned scale, clipped, and their mean; a failed run scores the worst."""
        return np.asarray(
            [
                [relative(gains, self.reference(task)) for gains in runs.gains]
                for task, runs in enumerate(self.runs[entrant])
            ]
        )

    def reference(self, task: int) -> tuple[float, ...]:
        """Nats of progress that are a score of 1, [horizons]."""
        return reference_of(self.runs[self.scale][task].gains, self.setups[task].least)

    def to_json(self) -> dict[str, Any]:
        """Plain data without NaN."""
        return {
            "suite": self.suite,
            "tasks": [setup.to_json() for setup in self.setups],
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


def reference_of(gains: Sequence[Sequence[float]], least: float) -> tuple[float, ...]:
    """The score of 1 by the scale's progress [seeds][horizons]; a run that failed made none."""
    made = [[0.0 if math.isnan(gain) else gain for gain in run] for run in gains]
    return mean_progress(made, least)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _number(value: float | None) -> float:
    return math.nan if value is None else float(value)
