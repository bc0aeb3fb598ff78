"""A rule reduced by measurement: the terms that a user asked for, the workers, the work."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from dsl.errors import counted
from stepsmith.errors import UsageError

if TYPE_CHECKING:
    from dsl.program import Program
    from evaluators.suites import TaskChoice
    from search.pool.jobs import CampaignPool
    from search.reduction.alone import ReductionProgress, ReductionSpec
    from search.reduction.choices import MeasuredReduction

SUITE, SEEDS, EVALUATIONS, WORKERS = "meta_validation", 32, 400, 2
"""The suite, the seeds of a test, the budget and the processes, where nothing else is asked for."""


class MeasuringOptions(NamedTuple):
    """The options as they were given; None for what was not."""

    suite: str | None = None
    tasks: str | None = None
    seed: int | None = None
    seeds: int | None = None
    evaluations: int | None = None
    margin: float | None = None
    workers: int | None = None
    size: int | None = None

    def refuse_any(self, level: str) -> None:
        """UsageError if there is an option, since it means nothing at this level."""
        for name, value in self._asdict().items():
            if value is not None:
                raise UsageError(f"--{name} is for --level measured, met --level {level}")


def terms_of(asked: MeasuringOptions) -> "ReductionSpec":
    """The terms with their defaults.

    **Raises:** UsageError for a number that is out of range or a budget that allows no test;
    EvaluatorError for a suite or a task that there is not.
    """
    from evaluators.suites import load_suite
    from search.config import ReductionConfig
    from search.reduction.alone import ReductionSpec
    from search.reduction.finalist import least_evaluations

    seeds = _within("seeds", asked.seeds, SEEDS, 4, 1000)
    if asked.size is not None and asked.size < 1:
        raise UsageError(f"--size: wanted 1 or more statements and slots, met {asked.size}")
    if asked.tasks is not None and not asked.tasks.strip(" ,"):
        raise UsageError(f"--tasks: wanted names with commas between, met {asked.tasks!r}")
    suite = load_suite(asked.suite or SUITE)
    terms = ReductionSpec(
        suite=suite.name,
        tasks=_chosen(suite.name, suite.tasks, asked.tasks or ""),
        seed=_within("seed", asked.seed, 0, 0, 2**63 - 1),
        reduction=ReductionConfig(
            evaluations=_within("evaluations", asked.evaluations, EVALUATIONS, 1, 1_000_000),
            seeds=seeds,
            margin=_margin(asked.margin),
        ),
        fresh=max(seeds // 2, 4),
    )
    least = least_evaluations(seeds, terms.evaluation.seeds)
    if terms.reduction.evaluations < least:
        raise UsageError(
            f"--evaluations: {terms.reduction.evaluations} allow no test on "
            f"{counted(seeds, 'seed')}, which takes at least {least} with the looks before it"
        )
    return terms


def measured(
    rule: "Program",
    terms: "ReductionSpec",
    workers: int | None,
    observe: "Callable[[ReductionProgress], None]",
    say: Callable[[str], None],
) -> "MeasuredReduction":
    """The table of a simplified rule; tunings are kept in the user's cache.

    **Raises:** CannotCompare for a rule that no task or engine carries; see `reduced_alone`.
    """
    from evaluators.comparison.entrants import check, entered
    from evaluators.files.result_cache import ResultCache, default_folder
    from evaluators.registry import get
    from search.reduction.alone import SCALE, reduced_alone

    tasks = [get(choice.name) for choice in terms.tasks]
    check(entered([rule], [SCALE], tasks), tasks)
    cache = ResultCache(default_folder("reduced"), say)
    with _pool(_within("workers", workers, WORKERS, 0, 1024), terms) as pool:
        return reduced_alone(rule, terms, pool, cache, observe)


@contextmanager
def _pool(workers: int, terms: "ReductionSpec") -> "Iterator[CampaignPool]":
    """This process for 0, else so many on Ray, which end with the block."""
    from evaluators.workers import SerialPool
    from search.pool.worker import CampaignWorker

    batch = terms.evaluation.batch
    if not workers:
        yield SerialPool(CampaignWorker(), batch)
        return
    from search.pool.ray_pool import RayPool

    with warnings.catch_warnings():  # Ray forks to execute at once, which JAX warns of
        warnings.filterwarnings("ignore", "os.fork", RuntimeWarning)
        pool = RayPool(workers, CampaignWorker, batch)
    try:
        yield pool
    finally:
        pool.close()


def _chosen(suite: str, tasks: "tuple[TaskChoice, ...]", only: str) -> "tuple[TaskChoice, ...]":
    """The tasks that are named, in the order of the suite; all of them if none is."""
    from evaluators.comparison.protocol import subset

    names = [word for part in only.split(",") if (word := part.strip())]
    kept = {task.name for task in subset(suite, tasks, names).tasks}
    return tuple(task for task in tasks if task.name in kept)


def _within(name: str, value: int | None, default: int, least: int, most: int) -> int:
    value = default if value is None else value
    if not least <= value <= most:
        raise UsageError(f"--{name}: wanted {least} to {most}, met {value}")
    return value


def _margin(value: float | None) -> float:
    from search.config import ReductionConfig

    value = ReductionConfig().margin if value is None else value
    if not 0 < value <= 1:
        raise UsageError(f"--margin: wanted a score above 0 and up to 1, met {value:g}")
    return value
