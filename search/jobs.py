"""What a worker is asked to do and what it answers; plain data on both sides."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from dsl.program import Program
from evaluators.evaluation import Evaluation
from evaluators.evaluator import Evaluator, Suite
from evaluators.suites import TaskChoice
from evaluators.tuning import tune


@dataclass(frozen=True)
class Tune:
    """Find the constants of the baseline."""

    program: Program
    tasks: tuple[TaskChoice, ...]
    seeds: tuple[int, ...]
    evaluations: int
    primitives: tuple[str, ...]
    """Those of the search, so that the baseline is measured by the machine of the search."""
    factors: tuple[float, ...] = (1.0,)
    """The multiples of a rate that one evaluation tries."""
    width: int = 2
    """How many seeds run side by side."""


@dataclass(frozen=True)
class Evaluate:
    """Judge a program on seeds, relative to the suite's baseline.

    `rates` is the middle of the rates that are tried on each task, `hurdles` the score that the
    first look has to reach there; pairs of a task and a number.
    """

    suite: Suite
    program: Program
    seeds: tuple[int, ...]
    rates: tuple[tuple[str, float], ...] = ()
    hurdles: tuple[tuple[str, float], ...] = ()


Job = Tune | Evaluate


@dataclass(frozen=True)
class Answer:
    """What came of a job: `value` is what `tune` or `Evaluator.evaluate` returned.

    `compilations` counts the machines that this worker has compiled so far.
    """

    value: Any
    seconds: float
    compilations: int


class Evaluates(Protocol):
    """What a worker needs of an evaluator."""

    @property
    def compilations(self) -> int: ...

    def evaluate(
        self,
        program: Program,
        seeds: tuple[int, ...],
        rates: dict[str, float],
        hurdles: dict[str, float],
    ) -> Evaluation: ...


class Worker:
    """Runs jobs one after another; keeps the evaluator of its suite, and so what it compiled."""

    def __init__(
        self,
        make_evaluator: Callable[[Suite], Evaluates] = Evaluator,
        tuner: Callable[..., Any] = tune,
    ):
        self._make = make_evaluator
        self._tune = tuner
        self._suite: Suite | None = None
        self._evaluator: Evaluates | None = None

    def run(self, job: Job) -> Answer:
        """Do what `job` says."""
        start = time.perf_counter()
        match job:
            case Tune():
                value = self._tune(
                    *(job.program, job.tasks, job.seeds, job.evaluations),
                    *(job.primitives, job.factors, job.width),
                )
            case Evaluate():
                value = self._evaluator_of(job.suite).evaluate(
                    job.program, job.seeds, dict(job.rates), dict(job.hurdles)
                )
        compiled = self._evaluator.compilations if self._evaluator else 0
        return Answer(value, time.perf_counter() - start, compiled)

    def _evaluator_of(self, suite: Suite) -> Evaluates:
        if self._evaluator is None or suite != self._suite:
            self._evaluator, self._suite = self._make(suite), suite
        return self._evaluator
