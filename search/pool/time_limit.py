"""How long a worker may take over a job, as a multiple of the time that a candidate has.

The bound of the config is for one candidate on the tasks of the search. Tuning is many evaluations,
and other suites have dearer tasks: what they may take grows with the operations that they ask for.
"""

from collections.abc import Sequence

from evaluators import registry
from evaluators.suites import TaskChoice
from search.config import Config


def patience(
    config: Config, tasks: Sequence[TaskChoice], seeds: Sequence[int], evaluations: int = 1
) -> float:
    """At least 1; the same rates are tried, so that gradients alone make the difference."""
    asked = _operations(tasks) * len(seeds) * evaluations
    return max(1.0, asked / (_operations(config.choices) * config.evaluation.seeds))


def _operations(tasks: Sequence[TaskChoice]) -> int:
    """Floating-point operations of the gradients of one training run on every task."""
    return sum(registry.get(task.name).flops * task.steps for task in tasks)
