"""What losses are worth: how far below the untrained model, on the scale of a tuned baseline.

Progress is the logarithm of how many times closer to the task's floor a program came than the
untrained model stands, so a halved distance counts the same anywhere. A score is progress over the
baseline's progress on the same seeds, looked at after as many steps: 0 is untrained, 1 is the tuned
baseline. It is the mean over the horizons at which a run is looked at, so a rule with a short
memory does not win by the first steps alone.

The score of a program on several tasks is their mean after every task is cut down to
`LUCK` above the median one: a task that happens to suit a program lifts it by `LUCK` over the
number of tasks at most, while a task on which it fails costs in full.
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
"""How far above the median task a task may count."""

LEAST = 0.01
"""The share of the best known progress on a task that a score of 1 stands for at least."""

_ROUNDING = 1e-4
"""How far below its floor a loss may lie by rounding, as a share of the untrained distance."""


def progress(task: "Task", loss: float) -> float:
    """Nats by which the distance to the floor shrank; negative if it grew.

    A loss on the floor counts as one ten-thousandth of the untrained distance above it.
    """
    start = task.untrained - task.floor
    return math.log(start / max(loss - task.floor, _ROUNDING * start))


def loss_at(task: "Task", nats: float) -> float:
    """The loss whose `progress` is so many nats."""
    return task.floor + (task.untrained - task.floor) * math.exp(-nats)


def too_good(task: "Task", loss: float) -> bool:
    """Whether a loss lies below the floor by more than rounding."""
    return loss < task.floor - _ROUNDING * (task.untrained - task.floor)


def least_progress(task: "Task") -> float:
    """Nats that a score of 1 stands for at least, so on a task that is known to fail the
    baseline: `LEAST` of the best known progress."""
    return LEAST * progress(task, task.best.loss)


def mean_progress(gains: Sequence[Sequence[float]], least: float) -> tuple[float, ...]:
    """The baseline's mean progress at each look, the score of 1; `gains` are [seed][look]."""
    return tuple(max(statistics.fmean(look), least) for look in zip(*gains, strict=True))


def reference(task: "Task", losses: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """The same of the losses at each look, [seed][look]."""
    gains = [[progress(task, loss) for loss in run] for run in losses]
    return mean_progress(gains, least_progress(task))


def score(task: "Task", losses: Sequence[float], scale: Sequence[float]) -> float:
    """Progress at each look relative to the baseline's, clipped; their mean.

    **Arguments:** `losses`: of one run at each look. `scale`: the baseline's `reference`, or the
    beginning of it for fewer looks.
    """
    return relative([progress(task, loss) for loss in losses], scale)


def relative(gains: Sequence[float], scale: Sequence[float], best: float = BEST) -> float:
    """The score of progress `gains` at each look, by the baseline's; a NaN, which is a failure,
    counts as the worst.

    **Arguments:** `best`: what no look may count more than; infinite for tuning, where the best
    points would otherwise be equal.
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
