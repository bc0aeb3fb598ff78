"""Scores of losses: progress from the untrained model, on the scale of a tuned baseline.

Progress is the logarithm of the ratio in which the distance to the task's floor shrank, so a halved
distance counts the same anywhere. A score is progress over the baseline's progress on the same
seeds after as many steps: 0 is untrained, 1 is the tuned baseline. It is the mean over the
checkpoints of a run, so a rule with a short memory does not win by the first steps alone.

The score of a program on several tasks is their mean after every score is cut down to `LUCK` above
the median one: a task that happens to suit a program lifts it by `LUCK` over the number of tasks at
most, while a task on which it fails costs in full.
"""

import math
import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evaluators.task import Task

WORST, BEST = -1.0, 2.0
"""Bounds of a score; a run that fails gets the worst."""

LUCK = 0.25
"""A task counts at most this much above the median task."""

LEAST = 0.01
"""The share of the best known progress on a task that a score of 1 stands for at least."""

_ROUNDING = 1e-4
"""A loss may lie this far below its floor by rounding, as a share of the untrained distance."""


def progress(task: "Task", loss: float) -> float:
    """Nats by which the distance to the floor shrank; negative if it grew.

    A loss on the floor counts as one ten-thousandth of the untrained distance above it.
    """
    start = task.untrained - task.floor
    return math.log(start / max(loss - task.floor, _ROUNDING * start))


def loss_at(task: "Task", nats: float) -> float:
    """The loss whose `progress` is `nats`."""
    return task.floor + (task.untrained - task.floor) * math.exp(-nats)


def too_good(task: "Task", loss: float) -> bool:
    """True if a loss lies below the floor by more than rounding."""
    return loss < task.floor - _ROUNDING * (task.untrained - task.floor)


def least_progress(task: "Task") -> float:
    """The least nats that a score of 1 stands for, which is for tasks that are known to defeat the
    baseline: `LEAST` of the best known progress."""
    return LEAST * progress(task, task.best.loss)


def mean_progress(gains: Sequence[Sequence[float]], least: float) -> tuple[float, ...]:
    """The baseline's mean progress at each checkpoint, which is a score of 1.

    **Arguments:** `gains`: progress in nats, [seed][checkpoint]; `least`: see `least_progress`.
    """
    return tuple(max(statistics.fmean(gain), least) for gain in zip(*gains, strict=True))


def reference(task: "Task", losses: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """The baseline's `mean_progress` by its losses, [seed][checkpoint]."""
    gains = [[progress(task, loss) for loss in run] for run in losses]
    return mean_progress(gains, least_progress(task))


def score(task: "Task", losses: Sequence[float], scale: Sequence[float]) -> float:
    """The mean over checkpoints of progress relative to the baseline's, clipped.

    **Arguments:** `losses`: of one run, [checkpoint]. `scale`: the baseline's `reference`, or the
    beginning of it for fewer checkpoints.
    """
    return relative([progress(task, loss) for loss in losses], scale)


def relative(gains: Sequence[float], scale: Sequence[float], best: float = BEST) -> float:
    """The score of progress `gains`, in nats at each checkpoint; NaN, a failure, counts as `WORST`.

    **Arguments:** `scale`: the baseline's nats. `best`: the most that a checkpoint may count;
    infinite for tuning, where the best points would otherwise be equal.
    """
    shares = [
        WORST if math.isnan(gain) else min(max(gain / nats, WORST), best)
        for gain, nats in zip(gains, scale, strict=True)
    ]
    return statistics.fmean(shares)


def aggregate(scores: Sequence[float]) -> float:
    """The score on several tasks from the score on each.

    Rises or stays with every one of them, and does not depend on their order.
    """
    highest = statistics.median(scores) + LUCK
    return statistics.fmean(min(each, highest) for each in scores)
