"""Doing a plan: cells to the pool, their runs to their places, times when all is still.

Wall times are taken in this process while no cell is under way, so that nothing of ours disturbs
them: after each task in a single process, at the end with workers.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

from evaluators.comparison.entrants import ComparisonSpec
from evaluators.comparison.plan import (
    COMPILING_SECONDS,
    Cell,
    CellEstimate,
    ComparisonPlan,
    Schedule,
    left_seconds,
    points,
    seconds_per_step,
)
from evaluators.comparison.results import SCALE, Runs, TaskSetup
from evaluators.comparison.runner import TIMINGS, WIDTH, TaskRunner, is_scale
from evaluators.errors import ComparisonFailed
from evaluators.files.result_cache import ResultCache
from evaluators.registry import get
from evaluators.seeds import COMPARISON_TUNING_SEEDS, comparison_seeds
from evaluators.workers import Done, Failed, Pool


class ComparisonWorker:
    """The worker of a comparison; the runner of each task is made when first used.

    **Arguments:** `say`: see `ResultCache`.
    """

    def __init__(self, spec: ComparisonSpec, say: Callable[[str], None] = lambda sentence: None):
        self.spec = spec
        self._cache = ResultCache(spec.folder, say)
        self._made: dict[int, TaskRunner] = {}

    def of(self, task: int) -> TaskRunner:
        """The runner of a task by number."""
        if task not in self._made:
            name, steps = self.spec.tasks[task]
            self._made[task] = TaskRunner(
                task=get(name),
                setup=TaskSetup.of(get(name), steps),
                tuning=COMPARISON_TUNING_SEEDS,
                fresh=comparison_seeds(self.spec.seeds),
                cache=self._cache,
            )
        return self._made[task]

    @property
    def compilations(self) -> int:
        """Training loops compiled so far, on all tasks."""
        return sum(runner.compilations for runner in self._made.values())

    def run(self, jobs: Sequence[Cell]) -> list[Runs]:
        """The runs of each cell."""
        return [self.measure(cell) for cell in jobs]

    def measure(self, cell: Cell) -> Runs:
        """The runs of a rule on a task."""
        return self.of(cell.task).runs(self.spec.rules[cell.rule])

    def seconds(self, task: int, runs: Sequence[Runs]) -> list[float]:
        """Wall time of a step of every rule on a task; see `TaskRunner.seconds`."""
        return self.of(task).seconds(self.spec.rules, runs)

    def estimate(self, cell: Cell) -> CellEstimate:
        """The estimate of a cell."""
        runner, rule = self.of(cell.task), self.spec.rules[cell.rule]
        if runner.kept(rule):
            return CellEstimate(cell.task, cell.rule, kept=True, runs=0, seconds=0.0)
        runs = points(rule) * len(COMPARISON_TUNING_SEEDS) + self.spec.seeds + TIMINGS * WIDTH
        seconds = runs * runner.setup.steps * seconds_per_step(runner.task, rule)
        seconds += COMPILING_SECONDS if is_scale(rule) else 0.0
        return CellEstimate(cell.task, cell.rule, kept=False, runs=runs, seconds=seconds)


class ComparisonProgress(NamedTuple):
    """The state of a comparison: cells done of those to be trained, the (rule, task) at work, and
    roughly the seconds left."""

    done: int
    total: int
    now: tuple[tuple[str, str], ...]
    seconds_left: float


class Timing(NamedTuple):
    """The rules are timed side by side on a task."""

    task: str


Event: TypeAlias = ComparisonPlan | ComparisonProgress | Timing
Observer: TypeAlias = Callable[[Event], None]
"""Receives the plan before anything is trained, and the progress whenever a cell begins."""


def work(
    plan: ComparisonPlan, worker: ComparisonWorker, pool: Pool[Cell], observe: Observer
) -> tuple[list[list[Runs]], list[list[float]]]:
    """The runs and the seconds per step of every rule, [task][rule].

    **Raises:** ComparisonFailed if a cell lost its workers; what was done is kept.
    """
    return _Work(plan, worker, pool, observe).done()


class _Work:
    def __init__(
        self, plan: ComparisonPlan, worker: ComparisonWorker, pool: Pool[Cell], observe: Observer
    ):
        self.plan = plan
        self.worker = worker
        self.pool = pool
        self.observe = observe
        self.cells = {Cell(estimate.task, estimate.rule): estimate for estimate in plan.cells}
        self.runs: dict[Cell, Runs] = {}
        self.seconds: dict[int, list[float]] = {}
        self.spent: list[tuple[CellEstimate, float]] = []
        self.begun: list[Cell] = []
        self.under_way: list[Cell] = []
        pending = {task: self._pending(task) for task in range(len(plan.tasks))}
        self.schedule = Schedule(pending, plan.rules.index(SCALE))

    def done(self) -> tuple[list[list[Runs]], list[list[float]]]:
        for _ in range(self.pool.workers):
            self._begin(None)
        self._time()
        while self.under_way:
            for done in self.pool.collect():
                cell = self.begun[done.number]
                self.under_way.remove(cell)
                self._enter(cell, done)
                self.schedule.finished(cell)
                if self.pool.workers == 1 and not self._pending(cell.task):
                    self._time()
                while len(self.under_way) < self.pool.workers and self._begin(cell.task):
                    pass
        self._time()
        tasks, rules = range(len(self.plan.tasks)), range(len(self.plan.rules))
        runs = [[self._runs(Cell(task, rule)) for rule in rules] for task in tasks]
        return runs, [self.seconds[task] for task in tasks]

    def _pending(self, task: int) -> list[int]:
        """Rules that are to be trained on a task."""
        return [
            cell.rule
            for cell, estimate in self.cells.items()
            if cell.task == task and not estimate.kept and cell not in self.runs
        ]

    def _begin(self, known: int | None) -> bool:
        cell = self.schedule.next(known)
        if cell is None:
            return False
        self.pool.submit(len(self.begun), cell, self.plan.time_limit)
        self.begun.append(cell)
        self.under_way.append(cell)
        now = tuple(
            (self.plan.rules[each.rule], self.plan.tasks[each.task]) for each in self.under_way
        )
        left = left_seconds(self.plan, self.spent, self.pool.workers)
        self.observe(ComparisonProgress(len(self.spent), len(self.plan.left), now, left))
        return True

    def _enter(self, cell: Cell, done: Done[Runs] | Failed) -> None:
        """Take in the runs of a cell; an error of this process is raised as it is."""
        if isinstance(done, Failed):
            if done.error is not None:
                raise done.error
            raise ComparisonFailed(
                self.plan.rules[cell.rule], self.plan.tasks[cell.task], done.note
            )
        self.runs[cell] = done.value
        self.spent.append((self.cells[cell], done.seconds))

    def _runs(self, cell: Cell) -> Runs:
        """The runs of a cell, trained just now or kept from an earlier time."""
        if cell not in self.runs:
            self.runs[cell] = self.worker.measure(cell)
        return self.runs[cell]

    def _time(self) -> None:
        """Time the rules on every task that is complete, unless a cell is under way."""
        if self.under_way:
            return
        for task, name in enumerate(self.plan.tasks):
            if task not in self.seconds and not self._pending(task):
                self.observe(Timing(name))
                rules = range(len(self.plan.rules))
                runs = [self._runs(Cell(task, rule)) for rule in rules]
                self.seconds[task] = self.worker.seconds(task, runs)
