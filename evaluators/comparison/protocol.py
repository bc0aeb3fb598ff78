"""Comparing rules: each tuned on each task by the same grid, then run on fresh seeds.

Seeds come from a range that no campaign draws from, and those of the tuning are not those of the
runs. Results kept from an earlier time are not computed again, so a comparison that was interrupted
goes on where it was.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from dsl.program import Program
from evaluators.comparison.entrants import BASELINES, ComparisonSpec, check, entered
from evaluators.comparison.load import core_share
from evaluators.comparison.plan import Cell, ComparisonPlan
from evaluators.comparison.results import SCALE, Comparison
from evaluators.comparison.work import ComparisonWorker, Observer, work
from evaluators.errors import CannotCompare, NotInSuite, UnknownTask
from evaluators.registry import get
from evaluators.registry import names as known_tasks
from evaluators.seeds import comparison_seeds
from evaluators.workers import Pool, SerialPool


class ComparableTask(Protocol):
    """A task by name, and the horizon it is compared at."""

    @property
    def name(self) -> str: ...
    @property
    def steps(self) -> int: ...


class ComparableSuite(Protocol):
    """Tasks under a name."""

    @property
    def name(self) -> str: ...
    @property
    def tasks(self) -> Sequence[ComparableTask]: ...


class SuiteSubset(NamedTuple):
    """Some tasks of a suite."""

    name: str
    tasks: tuple[ComparableTask, ...]


def subset(suite: str, tasks: Sequence[ComparableTask], names: Sequence[str]) -> SuiteSubset:
    """The tasks of a suite that are named, in the suite's order; all of them if `names` is empty.

    **Raises:** for a name that is not in it UnknownTask, with the nearest of the suite, or
    NotInSuite if it is that of another task.
    """
    known = [task.name for task in tasks]
    for name in names:
        if name not in known:
            elsewhere = name in known_tasks()
            raise NotInSuite(name, suite, known) if elsewhere else UnknownTask(name, known)
    return SuiteSubset(suite, tuple(task for task in tasks if not names or task.name in names))


def compare(
    rules: Sequence[Program],
    suite: ComparableSuite,
    *,
    baselines: Sequence[str] = BASELINES,
    seeds: int = 10,
    looked_at: int | None = None,
    folder: Path | None = None,
    observe: Observer = lambda event: None,
    say: Callable[[str], None] = lambda sentence: None,
    open_pool: Callable[[ComparisonSpec, ComparisonPlan], Pool[Cell]] | None = None,
) -> Comparison:
    """Tune and run rules and baselines on every task of a suite.

    **Arguments:** `baselines`: names of the zoo; AdamW, the scale, is added if it is not among
    them. `looked_at`: rules that were tried on these tasks so far, the number of `rules` if None.
    `folder`: where results are looked up and kept, each as soon as it is there; wall time never
    is. `say`: told of trouble with that folder. `open_pool`: the workers, this process if None;
    not called if nothing is left to do.
    **Raises:** CannotCompare, before anything is run, if a rule is given twice, does not depend on
    the gradient, or asks what a task does not answer, or if `looked_at` is less than the number of
    rules; UnknownTask for a task of the suite that there is not.
    """
    looked_at = len(rules) if looked_at is None else looked_at
    if looked_at < len(rules):
        raise CannotCompare(f"{len(rules)} rules are given, but only {looked_at} were looked at")
    known = [get(choice.name) for choice in suite.tasks]
    entries = entered(rules, baselines, known)
    check(entries, known)
    spec = ComparisonSpec(
        rules=tuple(entry.program for entry in entries),
        tasks=tuple((choice.name, choice.steps) for choice in suite.tasks),
        seeds=seeds,
        folder=folder,
    )
    worker = ComparisonWorker(spec, say)
    names = tuple(entry.entrant.name for entry in entries)
    order = sorted(range(len(names)), key=lambda rule: names[rule] != SCALE)
    tasks = range(len(spec.tasks))
    cells = tuple(worker.estimate(Cell(task, rule)) for task in tasks for rule in order)
    share = 1.0 if all(cell.kept for cell in cells) else core_share()
    plan = ComparisonPlan(tuple(name for name, _ in spec.tasks), names, cells, share)
    observe(plan)
    if open_pool is None or not plan.left:
        pool: Pool[Cell] = SerialPool(worker)
    else:
        pool = open_pool(spec, plan)
    runs, seconds = work(plan, worker, pool, observe)
    return Comparison(
        suite=suite.name,
        setups=tuple(worker.of(task).setup for task in tasks),
        seeds=comparison_seeds(seeds),
        entrants=tuple(entry.entrant for entry in entries),
        runs=tuple(zip(*runs, strict=True)),
        seconds=tuple(zip(*seconds, strict=True)),
        looked_at=looked_at,
    )
