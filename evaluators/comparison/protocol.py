"""Comparing rules: each tuned on each task with the same grid, then run on fresh seeds.

Seeds come from a range that no campaign draws from, and those of the tuning are not those of the
runs. Tasks are done one after the other, all rules on one before the
next, so that few compiled loops are alive.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from dsl import canonical, canonical_hash
from dsl.fingerprint import depends_on_gradient
from dsl.liveness import live
from dsl.machine import DoesNotFit
from dsl.program import Program
from dsl.zoo import ZOO
from evaluators.comparison.bench import BASELINES, Bench
from evaluators.comparison.cache import RunCache
from evaluators.comparison.results import SCALE, Comparison, Entrant, Ground, Runs
from evaluators.cost import gradients
from evaluators.engines.answers import check_answers
from evaluators.errors import CannotCompare, UnknownTask
from evaluators.registry import get
from evaluators.task import Task

_RANGE = 3 << 29
TUNING_SEEDS = tuple(range(_RANGE, _RANGE + 4))


class TaskLike(Protocol):
    """A task by name, and the horizon it is compared at."""

    @property
    def name(self) -> str: ...
    @property
    def steps(self) -> int: ...


class SuiteLike(Protocol):
    """Tasks under a name."""

    @property
    def name(self) -> str: ...
    @property
    def tasks(self) -> Sequence[TaskLike]: ...


class Subset(NamedTuple):
    """Some tasks of a suite."""

    name: str
    tasks: tuple[TaskLike, ...]


class Progress(NamedTuple):
    """How many pairs of a rule and a task are done, and the one that is next."""

    done: int
    total: int
    rule: str
    task: str


@dataclass(frozen=True)
class _Rule:
    entrant: Entrant
    program: Program


def fresh_seeds(count: int) -> tuple[int, ...]:
    """Seeds that nothing was tuned or searched on; fewer are the beginning of more."""
    first = _RANGE + (1 << 28)
    return tuple(range(first, first + count))


def subset(suite: str, tasks: Sequence[TaskLike], names: Sequence[str]) -> Subset:
    """The tasks of a suite that are named, in the suite's order; all of them if none is named.

    UnknownTask, with the nearest of the suite, for a name that is not in it.
    """
    known = [task.name for task in tasks]
    for name in names:
        if name not in known:
            raise UnknownTask(name, known)
    return Subset(suite, tuple(task for task in tasks if not names or task.name in names))


def compare(
    rules: Sequence[Program],
    suite: SuiteLike,
    *,
    baselines: Sequence[str] = BASELINES,
    seeds: int = 10,
    looked_at: int | None = None,
    kept: RunCache | None = None,
    observe: Callable[[Progress], None] = lambda progress: None,
) -> Comparison:
    """Tune and run rules and baselines on every task of a suite.

    **Arguments:** `baselines`: names of the zoo; AdamW, the scale, is added if it is not among
    them. `looked_at`: rules that were tried on these tasks so far, the number of `rules` if None.
    `kept`: where runs are looked up and kept; wall time never is.
    **Raises:** CannotCompare, before anything is run, if a rule is given twice, does not depend on
    the gradient, or asks what a task does not answer, or if `looked_at` is less than the number of
    rules; UnknownTask for a task of the suite that there is not.
    """
    looked_at = len(rules) if looked_at is None else looked_at
    if looked_at < len(rules):
        raise CannotCompare(f"{len(rules)} rules are given, but only {looked_at} were looked at")
    tasks = [get(choice.name) for choice in suite.tasks]
    entered = _entered(rules, baselines, tasks)
    programs = [rule.program for rule in entered]
    _check(entered, tasks)
    grounds = tuple(Ground.of(each.name, each.steps) for each in suite.tasks)
    by_task: list[list[Runs]] = []
    seconds: list[list[float]] = []
    for task, ground in zip(tasks, grounds, strict=True):
        bench = Bench(task, ground, TUNING_SEEDS, fresh_seeds(seeds), kept or RunCache(None))
        row: list[Runs] = []
        for at, rule in enumerate(entered):
            done = len(by_task) * len(entered) + at
            total = len(tasks) * len(entered)
            observe(Progress(done, total, rule.entrant.name, task.name))
            row.append(bench.runs(rule.program))
        by_task.append(row)
        seconds.append(bench.seconds(programs, row))
    return Comparison(
        suite=suite.name,
        grounds=grounds,
        seeds=fresh_seeds(seeds),
        entrants=tuple(rule.entrant for rule in entered),
        runs=tuple(zip(*by_task, strict=True)),
        seconds=tuple(zip(*seconds, strict=True)),
        looked_at=looked_at,
    )


def _entered(
    rules: Sequence[Program], baselines: Sequence[str], tasks: Sequence[Task]
) -> list[_Rule]:
    """Candidates, then baselines; a candidate whose name is taken is called by its hash too."""
    known = [ZOO[name] for name in dict.fromkeys((*baselines, SCALE))]
    taken = {program.name for program in known}
    found: dict[str, _Rule] = {}
    for program in rules:
        digest = canonical_hash(program)
        if digest in found:
            other = found[digest].program.name
            raise CannotCompare(f"'{program.name}' is the same rule as '{other}': hash {digest}")
        name = program.name if program.name not in taken else f"{program.name}-{digest[:6]}"
        taken.add(name)
        found[digest] = _rule(program, name, tasks, candidate=True)
    return [*found.values(), *(_rule(each, each.name, tasks, candidate=False) for each in known)]


def _rule(program: Program, name: str, tasks: Sequence[Task], *, candidate: bool) -> _Rule:
    alive = live(program).slots
    memory = sum(init.kind.per_parameter for slot, init in program.state if slot in alive)
    asked = sum(gradients(task, program) for task in tasks) / max(1, len(tasks))
    entrant = Entrant(name, canonical_hash(program), candidate, memory, asked)
    return _Rule(entrant, program)


def _check(rules: Sequence[_Rule], tasks: Sequence[Task]) -> None:
    for rule in rules:
        program = canonical(rule.program)
        if not depends_on_gradient(program):
            raise CannotCompare(
                f"'{rule.entrant.name}' is no optimizer: its steps depend on neither the gradient "
                "nor an oracle"
            )
        silent = {task.name: why for task in tasks if (why := _unanswered(task, program))}
        if silent:
            others = ", ".join(task.name for task in tasks if task.name not in silent)
            raise CannotCompare(
                f"'{rule.entrant.name}' on {next(iter(silent))}: {next(iter(silent.values()))}\n"
                f"help: {f'it can be compared on {others}' if others else 'no task here does'}"
            )


def _unanswered(task: Task, program: Program) -> str:
    """Why the task does not answer what the program asks; empty if it does."""
    try:
        check_answers(task, program)
    except DoesNotFit as reason:
        return str(reason)
    return ""
