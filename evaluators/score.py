"""What a loss is worth: how far below the untrained model, on the scale of a tuned baseline.

Progress is the logarithm of how many times closer to the task's floor a program came than the
untrained model stands, so a halved distance counts the same anywhere. A score is progress over the
baseline's progress on the same seeds: 0 is untrained, 1 is the tuned baseline.
"""

import math
from collections.abc import Sequence

from evaluators.task import Task

WORST, BEST = -1.0, 2.0
"""Bounds of a score; a run that fails gets the worst."""

_ROUNDING = 1e-4
"""How far below its floor a loss may lie by rounding, as a share of the untrained distance."""


def progress(task: Task, loss: float) -> float:
    """Nats by which the distance to the floor shrank; negative if it grew.

    A loss on the floor counts as one ten-thousandth of the untrained distance above it.
    """
    start = task.untrained - task.floor
    return math.log(start / max(loss - task.floor, _ROUNDING * start))


def too_good(task: Task, loss: float) -> bool:
    """Whether a loss lies below the floor by more than rounding."""
    return loss < task.floor - _ROUNDING * (task.untrained - task.floor)


def score(task: Task, loss: float, baseline: Sequence[float]) -> float:
    """Progress of `loss` relative to the mean progress of the baseline's losses, clipped."""
    reference = sum(progress(task, other) for other in baseline) / len(baseline)
    if reference <= 0:
        raise ValueError(f"the baseline makes no progress on {task.name}: tune it first")
    return min(max(progress(task, loss) / reference, WORST), BEST)
