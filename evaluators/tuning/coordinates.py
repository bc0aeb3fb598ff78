"""Tuning a rule: a rate for every task, then one constant at a time, on a fixed budget.

Deterministic, and never stuck at an edge: the rates are swept further while the best is the last
tried, and a constant that improves is moved on in the same direction until it no longer does, so
the best values are interior unless the budget ends first.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from statistics import fmean
from typing import Any, NamedTuple

from dsl import canonical
from dsl.program import Program
from dsl.program.parse import parse
from evaluators.evaluation import Outcome
from evaluators.score import WORST, progress
from evaluators.suites import TaskChoice
from evaluators.training.batches import BatchShape
from evaluators.training.outcomes import outcome_of
from evaluators.training.trainer import Trained, Trainer
from evaluators.training.trainers import Trainers, trainers_for

RATES = tuple(10 ** (-k / 2) for k in range(8, 0, -1))
"""Where the rate is looked for first: 1e-4 to 0.3 in half decades."""

Constants = dict[str, float]
Rates = dict[str, float]
Found = dict[str, tuple[float, float]]


class Trial(NamedTuple):
    """One evaluation: the constants, the best rate on each task, and what they are worth.

    The constant `lr` is the geometric mean of the rates.
    """

    constants: Constants
    rates: Rates
    value: float


@dataclass(frozen=True)
class Tuned:
    """A rule with its best constants as defaults, its rate on each task, and how they were found.

    Values are progress relative to the best that the rate sweep reached on each task, averaged over
    tasks, seeds and looks. `rates` is empty for a rule without a rate.
    """

    program: Program
    rates: Rates
    value: float
    trail: tuple[Trial, ...]

    @property
    def evaluations(self) -> int:
        """The number of sets of constants that were tried."""
        return len(self.trail)

    def to_json(self) -> dict[str, Any]:
        """Plain data; `from_json` gives an equal value back."""
        plain = {"program": str(self.program), "rates": dict(self.rates)}
        return {**plain, "value": self.value, "trail": [list(trial) for trial in self.trail]}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Tuned":
        """The value that `to_json` made."""
        trail = tuple(Trial(*trial) for trial in data["trail"])
        return Tuned(parse(data["program"]), data["rates"], data["value"], trail)


def tune(
    program: Program,
    tasks: Sequence[TaskChoice],
    seeds: Sequence[int],
    evaluations: int,
    primitives: Sequence[str] = (),
    factors: Sequence[float] = (1.0,),
    shape: BatchShape | None = None,
) -> Tuned:
    """The best constants of `program` for all tasks together and its best rate for each, within a
    number of evaluations.

    First the rates over half decades, on every task by itself; then every hyperparameter in turn by
    a factor (a decay rate `b` through 1 - b), in whichever direction helps, with shrinking factors.
    An evaluation tries a rate times each of `factors` on every task; `shape` is that of the
    runs side by side.
    """
    shape = shape or BatchShape(seeds=2, rates=len(factors), programs=1)
    trainers = trainers_for(program, tasks, primitives, shape)
    return _Tuner(program, trainers, seeds, evaluations, factors).tuned()


class _BudgetSpent(Exception):
    pass


class _Tuner:
    def __init__(
        self,
        program: Program,
        trainers: Trainers,
        seeds: Sequence[int],
        budget: int,
        factors: Sequence[float],
    ):
        self.program = program
        self.trainers = trainers
        self.seeds = seeds
        self.budget = budget
        self.factors = sorted(factors, key=lambda factor: abs(math.log(factor)))
        self.has_rate = bool(program.hyperparameters.get("lr"))
        self.scale = dict.fromkeys(trainers.by_task, 1.0)
        self.tried: list[tuple[Constants, Found]] = []
        self.known: dict[Any, Found] = {}
        self.on_task = cache(self.measured)

    def tuned(self) -> Tuned:
        constants = dict(self.program.hyperparameters)
        try:
            self.sweep(constants)
            for factor in (2.0, 1.4):
                self.climb(max(self.trials(), key=lambda trial: trial.value), factor)
        except _BudgetSpent:
            pass
        trail = self.trials()
        best = max(trail, key=lambda trial: trial.value)
        rates = best.rates if self.has_rate else {}
        program = self.program.with_hyperparameters(**best.constants)
        return Tuned(program, rates, best.value, tuple(trail))

    def trials(self) -> list[Trial]:
        return [self.trial(constants, found) for constants, found in self.tried]

    def sweep(self, constants: Constants) -> None:
        """Rates on every task by itself; the best there is what all values are measured by."""
        default = constants.get("lr", 0.0)
        others = [rate for rate in RATES if rate != default] if self.has_rate else []
        gains: dict[str, dict[float, float]] = {task: {} for task in self.scale}

        def look(rates: Rates) -> None:
            self.attempt(constants, rates)
            for task, (gain, _) in self.tried[-1][1].items():
                gains[task][rates[task]] = gain
                self.scale[task] = max(max(gains[task].values()), 1e-3)

        nearest = sorted(others, key=lambda rate: abs(math.log(rate / default)))
        for rate in (default, *nearest):
            look(dict.fromkeys(gains, rate))
        best = {task: max(found, key=found.__getitem__) for task, found in gains.items()}
        while others and any(_further(gains[task], best[task]) for task in gains):
            look({task: _further(gains[task], best[task]) or best[task] for task in gains})
            best = {task: max(found, key=found.__getitem__) for task, found in gains.items()}
        self.attempt(constants, best)

    def climb(self, best: Trial, factor: float) -> None:
        """One constant at a time, each as far as it helps, until none does."""
        improved = True
        while improved:
            improved = False
            for name in (each for each in best.constants if each not in self.program.lengths):
                for by in (factor, 1 / factor):
                    moved = self.moved(best, name, by)
                    while moved.value > best.value:
                        best, improved = moved, True
                        moved = self.moved(best, name, by)

    def moved(self, trial: Trial, name: str, factor: float) -> Trial:
        """The trial with one constant moved; the rate is moved on every task."""
        if name == "lr":
            rates = {task: rate * factor for task, rate in trial.rates.items()}
            return self.attempt(trial.constants, rates)
        value = _moved(name, trial.constants[name], factor)
        if name in self.program.meanings:
            value = self.program.meanings[name].nearest(value)
        return self.attempt({**trial.constants, name: value}, trial.rates)

    def attempt(self, constants: Constants, rates: Rates) -> Trial:
        """One evaluation of the budget; one that was made before is free."""
        others = tuple((name, value) for name, value in constants.items() if name != "lr")
        key = others, tuple(rates.items())
        if key not in self.known:
            if len(self.tried) == self.budget:
                raise _BudgetSpent
            self.known[key] = {
                task: self.on_task(task, others, rate) for task, rate in rates.items()
            }
            self.tried.append((constants, self.known[key]))
        return self.trial(constants, self.known[key])

    def trial(self, constants: Constants, found: Found) -> Trial:
        value = fmean(gain / self.scale[task] for task, (gain, _) in found.items())
        rates = {task: rate for task, (_, rate) in found.items()}
        if self.has_rate:
            constants = {**constants, "lr": math.exp(fmean(map(math.log, rates.values())))}
        return Trial(constants, rates, max(value, WORST))

    def measured(
        self, task: str, others: tuple[tuple[str, float], ...], rate: float
    ) -> tuple[float, float]:
        """Mean progress on a task, and the rate of those around the given one that made it."""
        trainer = self.trainers.by_task[task]
        program = canonical(self.program.with_hyperparameters(**dict(others)))
        tried = [rate * factor for factor in self.factors] if self.has_rate else None
        runs = trainer.run(program, self.seeds, tried)
        gains = [fmean(gain(trainer, run) for run in row) for row in runs]
        best = max(range(len(gains)), key=gains.__getitem__)
        return gains[best], tried[best] if tried else rate


def gain(trainer: Trainer, run: Trained) -> float:
    """Mean progress over the looks; a failed run goes back by as much as one gains."""
    if outcome_of(trainer.task, run) is not Outcome.OK:
        return WORST
    return fmean(progress(trainer.task, loss) for loss in run.losses)


def _further(gains: Mapping[float, float], best: float) -> float | None:
    """Half a decade beyond the best rate so far, if it is the first or the last of those tried."""
    if best == max(gains):
        return best * math.sqrt(10)
    return best / math.sqrt(10) if best == min(gains) else None


def _moved(name: str, value: float, factor: float) -> float:
    """A constant moved by a factor: a rate itself, a decay rate `b` by its distance from 1, others
    (eps, wd, ...) by the square; one that is 0 goes to 1e-3 and no lower."""
    if value == 0:
        return 1e-3 if factor > 1 else 0.0
    if name.startswith("b") and 0 < value < 1:
        return max(1 - (1 - value) * factor, 0.0)
    return value * (factor if name == "lr" else factor**2)
