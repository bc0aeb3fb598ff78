"""Told losses of a baseline by which nothing can be scored: found before a budget is spent."""

import math
from collections.abc import Sequence

from evaluators.score import too_good
from evaluators.task import Task
from search.errors import CampaignFailed


def check_told(rule: str, task: Task, runs: Sequence[Sequence[float]]) -> None:
    """**Arguments:** `rule`: the name of the baseline. `runs`: all that was told of it, losses by
    checkpoint, NaN where a run has none.

    **Raises:** CampaignFailed if a loss lies below the floor of its task, or all runs diverged.
    """
    low = min((loss for run in runs for loss in run if too_good(task, loss)), default=None)
    if low is not None:
        raise CampaignFailed(
            f"the baseline {rule} was told losses of the problem '{task.name}' that are below "
            f"`floor={task.floor:g}`, the least {low:g}",
            help="state a `floor` that no honest model is below, in another folder",
        )
    if runs and not any(all(map(math.isfinite, run)) for run in runs):
        raise CampaignFailed(
            f"all {len(runs)} runs of the baseline {rule} on the problem '{task.name}' diverged: "
            "NaN, infinite or no losses were told",
            help="losses are told by the seeds of the rule, {seed: loss}; start in another folder",
        )
