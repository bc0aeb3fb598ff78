"""The outcome of a training run, in one word."""

import math

from evaluators.evaluation import Outcome
from evaluators.limits import short_lived
from evaluators.score import too_good
from evaluators.task import Task
from evaluators.training.trainer import Trained


def outcome_of(task: Task, run: Trained) -> Outcome:
    """The way in which a run ended.

    Steps past the horizon count: a program that is good for exactly the horizon is no optimizer. A
    loss below the task's floor at any checkpoint is an alarm.
    """
    if run.pruned:
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
