"""A comparison on several processes: the Ray pool of campaigns, with benches for workers."""

import tempfile
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from evaluators.comparison.contest import Benches, Contest
from evaluators.comparison.plan import Plan
from evaluators.comparison.schedule import Finished, Unit
from search.pool.jobs import Answer
from search.pool.ray_pool import RayPool

_LEAST_SECONDS = 3600.0
_TIMES_ESTIMATE = 20.0


class ComparisonFailed(Exception):
    """A piece of a comparison was lost with its workers."""

    exit_status = 1


class BenchWorker:
    """Does units of a contest in a process of its own."""

    def __init__(self, contest: Contest):
        self._benches = Benches(contest)

    def run(self, jobs: Sequence[Unit]) -> list[Answer]:
        """The runs of every unit."""
        answers = []
        for unit in jobs:
            start = time.perf_counter()
            runs = self._benches.measure(unit)
            answers.append(Answer(runs, time.perf_counter() - start, 0))
        return answers


class RayRunner:
    """Does units on Ray actors, until it is closed.

    Workers meet in the folder of kept results: what AdamW was tuned to is read there by whoever
    tunes the next rule. Without such a folder they get one for as long as they work.
    """

    def __init__(self, contest: Contest, plan: Plan, workers: int):
        self.workers = workers
        self._plan = plan
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        if contest.folder is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="stepsmith-")
            contest = replace(contest, folder=Path(self._temporary.name))
        longest = max((piece.seconds for piece in plan.left), default=0.0)
        timeout = max(_LEAST_SECONDS, _TIMES_ESTIMATE * longest)
        make: Any = partial(BenchWorker, contest)
        with warnings.catch_warnings():  # Ray forks to execute at once, which JAX warns of
            warnings.filterwarnings("ignore", "os.fork", RuntimeWarning)
            self._pool = RayPool(workers, timeout, make)
        self._units: dict[int, Unit] = {}

    def submit(self, unit: Unit) -> None:
        number = len(self._units)
        self._units[number] = unit
        job: Any = unit
        self._pool.submit(number, job)

    def collect(self) -> list[Finished]:
        found = []
        for done in self._pool.collect():
            unit = self._units[done.number]
            if done.answer is None:
                rule, task = self._plan.rules[unit.rule], self._plan.tasks[unit.task]
                raise ComparisonFailed(
                    f"{rule} on {task} lost its worker twice: {done.note}\n"
                    "help: what was done is kept; the same command goes on from there, "
                    "and --workers 0 does it in one process"
                )
            found.append(Finished(unit, done.answer.value, done.answer.seconds))
        return found

    def close(self) -> None:
        """Give the processes back."""
        self._pool.close()
        if self._temporary is not None:
            self._temporary.cleanup()
