"""What a worker is asked to do and what it answers; plain data on both sides."""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from dsl.program import Program
from evaluators.evaluation import Evaluation
from evaluators.evaluator import Asked, Evaluator, Suite
from evaluators.suites import TaskChoice
from evaluators.training.batches import Room
from evaluators.tuning.coordinates import tune


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
    room: Room | None = None
    """For runs side by side."""


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
    """What came of a job: `value` is a `Tuned` or an `Evaluation`.

    `compilations` counts the machines that this worker has compiled so far.
    """

    value: Any
    seconds: float
    compilations: int


class Evaluates(Protocol):
    """What a worker needs of an evaluator."""

    @property
    def compilations(self) -> int: ...

    def evaluate_batch(
        self, asked: Sequence[Asked], seeds: tuple[int, ...]
    ) -> list[Evaluation]: ...


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

    def run(self, jobs: Sequence[Job]) -> list[Answer]:
        """Do what `jobs` say; those that judge by one suite on the same seeds in one go."""
        answers: list[Answer] = []
        for what, group in itertools.groupby(jobs, _shared):
            start = time.perf_counter()
            values = self._values(what, list(group))
            seconds = (time.perf_counter() - start) / len(values)
            compiled = self._evaluator.compilations if self._evaluator else 0
            answers += [Answer(value, seconds, compiled) for value in values]
        return answers

    def _values(self, what: Any, jobs: list[Any]) -> list[Any]:
        if what is None:
            return [
                self._tune(
                    *(job.program, job.tasks, job.seeds, job.evaluations),
                    *(job.primitives, job.factors, job.room),
                )
                for job in jobs
            ]
        suite, seeds = what
        asked = [Asked(job.program, dict(job.rates), dict(job.hurdles)) for job in jobs]
        return self._evaluator_of(suite).evaluate_batch(asked, seeds)

    def _evaluator_of(self, suite: Suite) -> Evaluates:
        if self._evaluator is None or suite != self._suite:
            self._evaluator, self._suite = self._make(suite), suite
        return self._evaluator


def _shared(job: Job) -> tuple[Suite, tuple[int, ...]] | None:
    """What jobs must agree in to be done together; None for one that is done alone."""
    return (job.suite, job.seeds) if isinstance(job, Evaluate) else None
