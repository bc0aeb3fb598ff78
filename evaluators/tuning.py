"""Tuning the constants of a rule: a rate sweep, then one constant at a time, on a fixed budget.

Deterministic, and never stuck at an edge: a constant that improves is moved on in the same
direction until it no longer does, so the best value is interior unless the budget ends first.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dsl import canonical
from dsl.program import Program
from evaluators.evaluation import Outcome
from evaluators.evaluator import TaskChoice, Trainers, trainers_for
from evaluators.outcomes import outcome_of
from evaluators.score import WORST, progress

RATES = tuple(10 ** (-k / 2) for k in range(8, 0, -1))
"""Where the rate is looked for first: 1e-4 to 0.3 in half decades."""


@dataclass(frozen=True)
class Tuned:
    """A rule with its best constants as defaults, and how they were found.

    `trail` holds every set of constants tried with its value, in order; values are progress
    relative to the best that the rate sweep reached on each task, averaged over tasks and seeds.
    """

    program: Program
    value: float
    trail: tuple[tuple[dict[str, float], float], ...]

    @property
    def evaluations(self) -> int:
        """How many sets of constants were tried."""
        return len(self.trail)


def tune(
    program: Program,
    tasks: Sequence[TaskChoice],
    seeds: Sequence[int],
    evaluations: int,
    primitives: Sequence[str] = (),
) -> Tuned:
    """The best constants of `program` for all tasks together, within a number of evaluations.

    First the rate over half decades; then every hyperparameter in turn by a factor (a decay rate
    `b` through 1 - b), in whichever direction helps, with shrinking factors.
    """
    trainers = trainers_for(program, tasks, primitives)
    return _Tuner(program, trainers, seeds, evaluations).tuned()


class _BudgetSpent(Exception):
    pass


class _Tuner:
    def __init__(self, program: Program, trainers: Trainers, seeds: Sequence[int], budget: int):
        self.program = program
        self.trainers = trainers
        self.seeds = seeds
        self.budget = budget
        self.scale: dict[str, float] = {}
        self.trail: list[tuple[dict[str, float], float]] = []
        self.known: dict[tuple[float, ...], float] = {}

    def tuned(self) -> Tuned:
        try:
            self.sweep(self.program.hyperparameters)
            for factor in (2.0, 1.4):
                self.climb(max(self.trail, key=lambda entry: entry[1])[0], factor)
        except _BudgetSpent:
            pass
        best, value = max(self.trail, key=lambda entry: entry[1])
        return Tuned(self.program.with_hyperparameters(**best), value, tuple(self.trail))

    def sweep(self, start: dict[str, float]) -> None:
        """Try the rates; the best on each task is what all values are measured by."""
        points = [start]
        if start.get("lr"):
            rates = sorted(RATES, key=lambda rate: abs(math.log(rate / start["lr"])))
            points += [{**start, "lr": rate} for rate in rates if rate != start["lr"]]
        points = points[: self.budget]
        found = [self.measure(point) for point in points]
        for name in self.trainers.by_task:
            self.scale[name] = max(max(by_task[name] for by_task in found), 1e-3)
        for point, by_task in zip(points, found, strict=True):
            self.record(point, by_task)

    def climb(self, best: dict[str, float], factor: float) -> None:
        """One constant at a time, each as far as it helps, until none does."""
        improved = True
        while improved:
            improved = False
            for name in best:
                for by in (factor, 1 / factor):
                    moved = {**best, name: _moved(name, best[name], by)}
                    while self.value(moved) > self.value(best):
                        best, improved = moved, True
                        moved = {**best, name: _moved(name, best[name], by)}

    def value(self, constants: dict[str, float]) -> float:
        key = tuple(constants.values())
        if key not in self.known:
            if len(self.trail) >= self.budget:
                raise _BudgetSpent
            self.record(constants, self.measure(constants))
        return self.known[key]

    def record(self, constants: dict[str, float], by_task: dict[str, float]) -> float:
        shares = [by_task[name] / self.scale[name] for name in by_task]
        value = max(sum(shares) / len(shares), WORST)
        self.known[tuple(constants.values())] = value
        self.trail.append((constants, value))
        return value

    def measure(self, constants: dict[str, float]) -> dict[str, float]:
        """Mean progress on each task; a failed run counts as going back by as much as one gains."""
        program = canonical(self.program.with_hyperparameters(**constants))
        result = {}
        for name, trainer in self.trainers.by_task.items():
            task = trainer.task
            (runs,) = trainer.run(program, self.seeds)
            gains = [
                progress(task, run.loss) if outcome_of(task, run) is Outcome.OK else WORST
                for run in runs
            ]
            result[name] = sum(gains) / len(gains)
        return result


def _moved(name: str, value: float, factor: float) -> float:
    """A constant moved by a factor: a rate itself, a decay rate `b` by its distance from 1, others
    (eps, wd, ...) by the square; one that is 0 goes to 1e-3 and no lower."""
    if value == 0:
        return 1e-3 if factor > 1 else 0.0
    if name.startswith("b") and 0 < value < 1:
        return max(1 - (1 - value) * factor, 0.0)
    return value * (factor if name == "lr" else factor**2)
