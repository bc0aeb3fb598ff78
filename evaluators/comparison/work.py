"""Doing what a plan says: units to the pool, their runs to their places, times when all is still.

Wall times are taken in this process while no unit is under way, so that nothing of ours disturbs
them: after each task in a single process, at the end with workers.
"""

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from evaluators.comparison.contest import Benches
from evaluators.comparison.plan import Piece, Plan, left_seconds
from evaluators.comparison.results import SCALE, Runs
from evaluators.comparison.schedule import Schedule, Unit
from evaluators.errors import ComparisonFailed
from evaluators.workers import Done, Failed, Pool


class Progress(NamedTuple):
    """How far a comparison is: pieces done of those to be trained, the (rule, task) that are worked
    on, and roughly the seconds left."""

    done: int
    total: int
    now: tuple[tuple[str, str], ...]
    seconds_left: float


class Timing(NamedTuple):
    """The rules are timed side by side on a task."""

    task: str


Event: TypeAlias = Plan | Progress | Timing
Observer: TypeAlias = Callable[[Event], None]
"""Told the plan before anything is trained, and how far it is whenever a unit begins."""


def work(
    plan: Plan, benches: Benches, pool: Pool[Unit], observe: Observer
) -> tuple[list[list[Runs]], list[list[float]]]:
    """The runs and the seconds per step of every rule, [task][rule].

    **Raises:** ComparisonFailed if a unit lost its workers; what was done is kept.
    """
    return _Work(plan, benches, pool, observe).done()


class _Work:
    def __init__(self, plan: Plan, benches: Benches, pool: Pool[Unit], observe: Observer):
        self.plan = plan
        self.benches = benches
        self.pool = pool
        self.observe = observe
        self.pieces = {Unit(piece.task, piece.rule): piece for piece in plan.pieces}
        self.runs: dict[Unit, Runs] = {}
        self.seconds: dict[int, list[float]] = {}
        self.spent: list[tuple[Piece, float]] = []
        self.begun: list[Unit] = []
        self.under_way: list[Unit] = []
        pending = {task: self._pending(task) for task in range(len(plan.tasks))}
        self.schedule = Schedule(pending, plan.rules.index(SCALE))

    def done(self) -> tuple[list[list[Runs]], list[list[float]]]:
        for _ in range(self.pool.workers):
            self._begin(None)
        self._time()
        while self.under_way:
            for done in self.pool.collect():
                unit = self.begun[done.number]
                self.under_way.remove(unit)
                self._enter(unit, done)
                self.schedule.finished(unit)
                if self.pool.workers == 1 and not self._pending(unit.task):
                    self._time()
                while len(self.under_way) < self.pool.workers and self._begin(unit.task):
                    pass
        self._time()
        tasks, rules = range(len(self.plan.tasks)), range(len(self.plan.rules))
        runs = [[self._runs(Unit(task, rule)) for rule in rules] for task in tasks]
        return runs, [self.seconds[task] for task in tasks]

    def _pending(self, task: int) -> list[int]:
        """Rules that are to be trained on a task."""
        return [
            unit.rule
            for unit, piece in self.pieces.items()
            if unit.task == task and not piece.kept and unit not in self.runs
        ]

    def _begin(self, known: int | None) -> bool:
        unit = self.schedule.next(known)
        if unit is None:
            return False
        self.pool.submit(len(self.begun), unit, self.plan.time_limit)
        self.begun.append(unit)
        self.under_way.append(unit)
        now = tuple(
            (self.plan.rules[each.rule], self.plan.tasks[each.task]) for each in self.under_way
        )
        left = left_seconds(self.plan, self.spent, self.pool.workers)
        self.observe(Progress(len(self.spent), len(self.plan.left), now, left))
        return True

    def _enter(self, unit: Unit, done: Done[Runs] | Failed) -> None:
        """Take in the runs of a unit; an error of this process is raised as it is."""
        if isinstance(done, Failed):
            if done.error is not None:
                raise done.error
            raise ComparisonFailed(
                self.plan.rules[unit.rule], self.plan.tasks[unit.task], done.note
            )
        self.runs[unit] = done.value
        self.spent.append((self.pieces[unit], done.seconds))

    def _runs(self, unit: Unit) -> Runs:
        """What was trained just now, or kept from an earlier time."""
        if unit not in self.runs:
            self.runs[unit] = self.benches.measure(unit)
        return self.runs[unit]

    def _time(self) -> None:
        """Time the rules on every task that is complete, unless a unit is under way."""
        if self.under_way:
            return
        for task, name in enumerate(self.plan.tasks):
            if task not in self.seconds and not self._pending(task):
                self.observe(Timing(name))
                rules = range(len(self.plan.rules))
                runs = [self._runs(Unit(task, rule)) for rule in rules]
                self.seconds[task] = self.benches.seconds(task, runs)
