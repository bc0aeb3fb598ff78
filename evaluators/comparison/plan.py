"""The plan of a comparison: its cells, about how long they take, and which comes next.

A cell is a rule on a task. The estimate is a rough one: neither how far a grid grows nor how fast
the machine at hand is can be known, only how much of it is to be had at present. The time left is
estimated anew whenever a cell is done.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dsl.program import Program
from evaluators.comparison.results import Runs
from evaluators.cost import gradients
from evaluators.task import Task
from evaluators.tuning.grid import DECAYS, RATE_STEPS
from evaluators.workers import Job

FLOPS_PER_SECOND = 8e9
"""Of gradients and updates on one core, at the sizes of the tasks; between 1e9 and 1e10."""
STEP_SECONDS = 5e-6
"""The cost of a step besides its operations."""
UPDATE_FLOPS = 20
"""Operations of an update for each parameter."""
COMPILING_SECONDS = 10.0
"""The first loop of a task; the next comparison loads it."""
GROWTH = 1.4
"""The points of a grid in the end, as a multiple of its first ones."""
_LEAST_SECONDS = 3600.0
_TIMES_ESTIMATE = 20.0
"""A worker counts as hung after this multiple of the longest estimate, and an hour at least."""


@dataclass(frozen=True, order=True)
class Cell(Job[Runs]):
    """A rule on a task, by number; the job of a comparison."""

    task: int
    rule: int


@dataclass(frozen=True)
class CellEstimate:
    """The work of a cell: `kept` if nothing is to be trained; else the number of runs, and roughly
    the seconds on one core."""

    task: int
    rule: int
    kept: bool
    runs: int
    seconds: float


@dataclass(frozen=True)
class ComparisonPlan:
    """All cells of a comparison, task by task; names are of the tasks and rules by number, `share`
    is what a process gets of a core when the comparison begins."""

    tasks: tuple[str, ...]
    rules: tuple[str, ...]
    cells: tuple[CellEstimate, ...]
    share: float = 1.0

    @property
    def left(self) -> tuple[CellEstimate, ...]:
        """The cells that have to be trained."""
        return tuple(estimate for estimate in self.cells if not estimate.kept)

    @property
    def seconds(self) -> float:
        """The estimate for everything that has to be trained, by one process."""
        return sum(estimate.seconds for estimate in self.left) / self.share

    @property
    def time_limit(self) -> float:
        """Seconds after which a worker counts as hung over a cell."""
        longest = max((estimate.seconds for estimate in self.left), default=0.0)
        return max(_LEAST_SECONDS, _TIMES_ESTIMATE * longest)

    def seconds_by_task(self) -> dict[str, float]:
        """The estimate by task, the longest first; tasks without work are left out."""
        found: dict[str, float] = {}
        for estimate in self.left:
            name = self.tasks[estimate.task]
            found[name] = found.get(name, 0.0) + estimate.seconds / self.share
        return dict(sorted(found.items(), key=lambda item: -item[1]))


def points(rule: Program) -> int:
    """The points that the rule's grid is likely to have."""
    rates = len(RATE_STEPS) if rule.hyperparameters.get("lr") else 1
    decays = len(DECAYS) if "wd" in rule.hyperparameters else 1
    return round(GROWTH * rates * decays) if rates * decays > 1 else 1


def seconds_per_step(task: Task, rule: Program) -> float:
    """A rough estimate of a training step of one run, by the task's stated cost."""
    operations = gradients(task, rule) * task.flops + UPDATE_FLOPS * task.parameters()
    return STEP_SECONDS + operations / FLOPS_PER_SECOND


def left_seconds(
    plan: ComparisonPlan, done: Sequence[tuple[CellEstimate, float]], workers: int = 1
) -> float:
    """Seconds until the rest is trained, corrected by the ratio of time to estimate so far, at
    first by the share of a core.

    **Arguments:** `done`: cells with the seconds each took; `workers`: the number at work.
    """
    finished = {(estimate.task, estimate.rule) for estimate, _ in done}
    rest = sum(p.seconds for p in plan.left if (p.task, p.rule) not in finished)
    expected = sum(estimate.seconds for estimate, _ in done)
    factor = sum(taken for _, taken in done) / expected if expected else 1 / plan.share
    return factor * rest / workers


class Schedule:
    """The cells of a comparison in the order of their beginning, for one worker or several.

    The scale is the first rule on every task, since the others are tuned against it. Few tasks are
    open at a time, so that few compiled loops are alive; a worker that comes free goes on with the
    task it knows, and helps on another one only when no task is left to begin.

    **Arguments:** `pending`: rules to be done on each task, by number; `scale`: the one that the
    others wait for, where it is among them.
    """

    def __init__(self, pending: Mapping[int, Sequence[int]], scale: int):
        self._scale = scale
        self._closed = {task: list(rules) for task, rules in pending.items() if rules}
        self._open: dict[int, list[int]] = {}
        self._waiting: dict[int, list[int]] = {}

    def next(self, known: int | None = None) -> Cell | None:
        """The next cell, of the task `known` if it has one that is ready; None if no task has."""
        if known in self._open:
            return self._take(known)
        if self._closed:
            task = next(iter(self._closed))
            rules = self._closed.pop(task)
            if self._scale in rules:
                self._waiting[task] = [rule for rule in rules if rule != self._scale]
                return Cell(task, self._scale)
            self._open[task] = rules
            return self._take(task)
        return self._take(next(iter(self._open))) if self._open else None

    def finished(self, cell: Cell) -> None:
        """Say that a cell is done: after the scale, the other rules on its task are ready."""
        if cell.rule == self._scale and (rules := self._waiting.pop(cell.task, [])):
            self._open[cell.task] = rules

    def _take(self, task: int) -> Cell:
        rules = self._open[task]
        cell = Cell(task, rules.pop(0))
        if not rules:
            del self._open[task]
        return cell
