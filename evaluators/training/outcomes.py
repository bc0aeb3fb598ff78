"""What a training run came to, in one word."""

import math

from evaluators.evaluation import Outcome
from evaluators.score import too_good
from evaluators.task import Task
from evaluators.training.train import Trained

_OF_THE_GAIN = 0.5
_OF_THE_WAY = 0.1


def outcome_of(task: Task, run: Trained) -> Outcome:
    """How a run ended.

    What happens past the horizon counts: a program that is good for exactly so many steps is no
    optimizer. A loss below the task's floor at any look is an alarm.
    """
    if run.hopeless:
        return Outcome.SCREENED
    if not math.isfinite(run.loss):
        return Outcome.DIVERGED if run.finite and run.stopped is not None else Outcome.NON_FINITE
    if any(too_good(task, loss) for loss in (*run.losses, run.after)):
        return Outcome.TOO_GOOD
    if run.stopped is not None or not run.finite:
        return Outcome.SHORT_LIVED
    if short_lived(task.untrained, run.loss, run.after, task.floor):
        return Outcome.SHORT_LIVED
    return Outcome.OK


def short_lived(begun: float, ended: float, after: float, floor: float) -> bool:
    """Whether a few steps past the horizon undo what was reached there.

    **Arguments:** losses before training, at the horizon, a few steps later (NaN if that was not
    reached), and the lowest possible one.

    Undone is more than half of the gain and more than a tenth of the way to the floor: the noise of
    a large rate, and a schedule that reads beyond its end, cost less.
    """
    lost = after - ended
    return not lost <= max(_OF_THE_GAIN * (begun - ended), _OF_THE_WAY * (begun - floor))
