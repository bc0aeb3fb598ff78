"""The grid of a comparison for one program on all tasks: a rate for each, one weight decay for all.

A comparison tunes both on every task by itself. Where a rule has to be the same program everywhere
its decay is a constant like others: the one that serves all tasks best is taken, and the decays go
on as the rates do while the best is the largest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from dsl import canonical
from dsl.program import Program
from dsl.program.parse import parse
from evaluators.cost import steps_at_price
from evaluators.suites import TaskChoice
from evaluators.training.batches import BatchShape
from evaluators.training.trainer import Trainer
from evaluators.training.trainers import trainers_for
from evaluators.tuning.coordinates import gain
from evaluators.tuning.grid import DECAYS, GridSearch, GridTuned, next_decays

_LEAST = 1e-3
"""The progress, in nats, that counts as all there is on a task where no decay gets farther."""


@dataclass(frozen=True)
class SharedTuned:
    """A rule with its best decay as default, and its rate on each task.

    `rates` is empty for a rule without a rate. `points` were trained on over all tasks; on `edges`
    the best rate is the farthest of the grid.
    """

    program: Program
    rates: Mapping[str, float]
    points: int
    edges: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` gives an equal value back."""
        plain = {"program": str(self.program), "rates": dict(self.rates)}
        return {**plain, "points": self.points, "edges": list(self.edges)}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "SharedTuned":
        """The inverse of `to_json`; KeyError, TypeError or ValueError for other data."""
        rates = {str(task): float(rate) for task, rate in data["rates"].items()}
        return SharedTuned(parse(data["program"]), rates, data["points"], tuple(data["edges"]))


def tune_shared(
    program: Program,
    tasks: Sequence[TaskChoice],
    seeds: Sequence[int],
    primitives: Sequence[str] = (),
    shape: BatchShape | None = None,
) -> SharedTuned:
    """The rate with the most progress on each task, and the decay that all tasks together get
    farthest with, each task measured by the farthest that it gets with any.

    **Raises:** DoesNotFit if the program asks what a task does not answer.
    """
    trainers = trainers_for(program, tasks, primitives, shape).by_task
    open_now: list[float | None] = [*DECAYS] if "wd" in program.hyperparameters else [None]
    found: dict[float | None, dict[str, GridTuned]] = {}
    best: float | None = None
    while open_now:
        for decay in open_now:
            rule = program if decay is None else program.with_hyperparameters(wd=decay)
            found[decay] = {name: _swept(each, rule, seeds) for name, each in trainers.items()}
        best = _best(found)
        open_now = next_decays(best, [*found])
    rates = {name: each.rate for name, each in found[best].items() if each.rate is not None}
    return SharedTuned(
        program=program if best is None else program.with_hyperparameters(wd=best),
        rates=rates,
        points=sum(each.points for row in found.values() for each in row.values()),
        edges=tuple(name for name, each in found[best].items() if rates and not each.interior),
    )


def _swept(trainer: Trainer, rule: Program, seeds: Sequence[int]) -> GridTuned:
    """The best rate on a task."""
    search, form = GridSearch(rule, rates_alone=True), canonical(rule)
    steps = steps_at_price(form, trainer.task, trainer.steps)
    while points := search.ask():
        rates = [point.rate for point in points if point.rate is not None] or None
        runs = trainer.run(form, seeds, rates, steps=steps)
        search.tell([fmean(gain(trainer, run) for run in row) for row in runs])
    return search.result


def _best(found: Mapping[float | None, Mapping[str, GridTuned]]) -> float | None:
    """The decay that serves all tasks best, the least of equals."""
    tasks = [*next(iter(found.values()))]
    scale = {task: max(_LEAST, *(row[task].value for row in found.values())) for task in tasks}

    def worth(decay: float | None) -> tuple[float, float]:
        value = fmean(found[decay][task].value / scale[task] for task in tasks)
        return value, -(decay or 0.0)

    return max(found, key=worth)
