"""The question of a judgement: the setup that all programs share, and the request for one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from dsl.program import Program
from evaluators.checks import CHECKS
from evaluators.suites import TaskChoice


@dataclass(frozen=True)
class JudgingSetup:
    """Everything that decides a judgement besides program and seeds: plain data, the same in every
    worker.

    `baseline` is the tuned rule that scores 1, its constants as defaults, and `rates` its rate by
    task (its default where none is named). `factors` are the multiples of a rate that are tried on
    every task, for programs and baseline alike. `primitives` are those that programs may use; those
    a search draws by default if empty. `checks` names the free checks to make.
    `width` is the number of seeds side by side and `batch` that of programs in one call; they
    change no result.
    """

    tasks: tuple[TaskChoice, ...]
    baseline: Program
    primitives: tuple[str, ...] = ()
    factors: tuple[float, ...] = (1.0,)
    rates: Mapping[str, float] = field(default_factory=dict)
    checks: tuple[str, ...] = tuple(check.name for check in CHECKS)
    width: int = 2
    batch: int = 1


class SettingsTrial(NamedTuple):
    """Other numbers for a program: `settings` are programs that differ in their numbers alone.

    What is judged is the best of them and the program itself by the score on the first `tasks`
    tasks with `seeds`, which are not those that it is judged on. They are not tried for a program
    that itself misses the hurdle after these tasks on these seeds.
    """

    settings: tuple[Program, ...]
    seeds: tuple[int, ...]
    tasks: int


@dataclass(frozen=True)
class EvaluationRequest:
    """A program to judge, or of the settings of a `trial` the best.

    `rates` is the middle of the rates to try by task, the program's own where none is named;
    `early` the score by task below which a run ends at its first checkpoint and counts with the
    score that it has there; `hurdles`, by a number of tasks, the least mean score on these for the
    rest to be run.
    """

    program: Program
    rates: Mapping[str, float] = field(default_factory=dict)
    early: Mapping[str, float] = field(default_factory=dict)
    hurdles: Mapping[int, float] = field(default_factory=dict)
    trial: SettingsTrial | None = None
