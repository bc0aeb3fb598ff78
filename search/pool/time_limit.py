"""Seconds that a worker may take over a job.

The bound of the config is for one candidate on the tasks of the search. Tuning is many evaluations,
and other suites have dearer tasks: their limit grows with the operations that they ask for.
"""

from collections.abc import Sequence

from evaluators import registry
from evaluators.suites import TaskChoice
from search.config import Config


def time_limit(
    config: Config, tasks: Sequence[TaskChoice], seeds: Sequence[int], evaluations: int = 1
) -> float:
    """At least the bound of the config; the rates tried are the same everywhere, so gradients alone
    make the difference."""
    asked = _operations(tasks) * len(seeds) * evaluations
    candidate = _operations(config.choices) * config.evaluation.seeds
    return config.evaluation.timeout * max(1.0, asked / candidate)


def _operations(tasks: Sequence[TaskChoice]) -> int:
    """Floating-point operations of the gradients of one training run on every task."""
    return sum(registry.get(task.name).flops * task.steps for task in tasks)
