"""Who meets on what, as plain data that can be sent to a worker, and the benches that it takes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dsl.program import Program
from evaluators.comparison.bench import TIMINGS, WIDTH, Bench, is_scale
from evaluators.comparison.cache import RunCache
from evaluators.comparison.plan import COMPILING_SECONDS, Piece, points, seconds_per_step
from evaluators.comparison.results import Ground, Runs
from evaluators.comparison.schedule import Unit
from evaluators.registry import get

_RANGE = 3 << 29
TUNING_SEEDS = tuple(range(_RANGE, _RANGE + 5))


def fresh_seeds(count: int) -> tuple[int, ...]:
    """Seeds that nothing was tuned or searched on; fewer are the beginning of more."""
    first = _RANGE + (1 << 28)
    return tuple(range(first, first + count))


@dataclass(frozen=True)
class Contest:
    """Rules, and tasks by name with their steps; results are kept in `folder`, if in any."""

    rules: tuple[Program, ...]
    tasks: tuple[tuple[str, int], ...]
    seeds: int
    folder: Path | None


class Benches:
    """The worker of a contest; one bench after another is made when first used.

    **Arguments:** `say`: told of trouble with what is kept, see `RunCache`.
    """

    def __init__(self, contest: Contest, say: Callable[[str], None] = lambda sentence: None):
        self.contest = contest
        self._cache = RunCache(contest.folder, say)
        self._made: dict[int, Bench] = {}

    def of(self, task: int) -> Bench:
        """The bench of a task by number."""
        if task not in self._made:
            name, steps = self.contest.tasks[task]
            fresh = fresh_seeds(self.contest.seeds)
            ground = Ground.of(get(name), steps)
            self._made[task] = Bench(get(name), ground, TUNING_SEEDS, fresh, self._cache)
        return self._made[task]

    @property
    def compilations(self) -> int:
        """Training loops compiled so far, on all tasks."""
        return sum(bench.compilations for bench in self._made.values())

    def run(self, jobs: Sequence[Unit]) -> list[Runs]:
        """The runs of each unit."""
        return [self.measure(unit) for unit in jobs]

    def measure(self, unit: Unit) -> Runs:
        """The runs of a rule on a task."""
        return self.of(unit.task).runs(self.contest.rules[unit.rule])

    def seconds(self, task: int, runs: Sequence[Runs]) -> list[float]:
        """Wall time of a step of every rule on a task; see `Bench.seconds`."""
        return self.of(task).seconds(self.contest.rules, runs)

    def piece(self, unit: Unit) -> Piece:
        """What a unit will take."""
        bench, rule = self.of(unit.task), self.contest.rules[unit.rule]
        if bench.kept(rule):
            return Piece(unit.task, unit.rule, kept=True, runs=0, seconds=0.0)
        runs = points(rule) * len(TUNING_SEEDS) + self.contest.seeds + TIMINGS * WIDTH
        seconds = runs * bench.ground.steps * seconds_per_step(bench.task, rule)
        compiling = COMPILING_SECONDS if is_scale(rule) else 0.0
        return Piece(unit.task, unit.rule, kept=False, runs=runs, seconds=seconds + compiling)
