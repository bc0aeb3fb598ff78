"""A sweep of the rate: the best one for a rule on every task by itself, all else as it is.

Half decades around the default; a task on which the best is the first or last of them goes on
beyond it, and one on which all fail goes on below them, twice at most.
"""

import math
from collections.abc import Sequence
from statistics import fmean

from dsl import canonical
from dsl.program import Program
from evaluators.score import WORST
from evaluators.suites import TaskChoice
from evaluators.training.batches import BatchShape
from evaluators.training.trainer import Trainer
from evaluators.training.trainers import trainers_for
from evaluators.tuning.coordinates import gain

FROM, TO = -4, 4
"""Half decades from the default rate."""
FURTHER, TIMES = 3, 2
"""Half decades beyond the last one, and how often a task goes on at most."""


def sweep(
    program: Program,
    tasks: Sequence[TaskChoice],
    seeds: Sequence[int],
    primitives: Sequence[str] = (),
    shape: BatchShape | None = None,
) -> dict[str, float]:
    """The rate with the most progress on each task, a mean over seeds; empty for a rule without a
    rate. A task on which every rate fails has the default.

    **Raises:** DoesNotFit if the program asks what a task does not answer.
    """
    default = program.hyperparameters.get("lr")
    if not default:
        return {}
    shape = shape or BatchShape(seeds=2, rates=1, programs=1)
    program = canonical(program)
    trainers = trainers_for(program, tasks, primitives, shape).by_task
    return {name: _best(trainer, program, seeds, default) for name, trainer in trainers.items()}


def _best(trainer: Trainer, program: Program, seeds: Sequence[int], default: float) -> float:
    gains: dict[int, float] = {}

    def look(steps: Sequence[int]) -> int:
        """The best half decade of all that were tried, these ones too; the nearest of equals."""
        rates = [default * math.sqrt(10) ** step for step in steps]
        runs = trainer.run(program, seeds, rates)
        for step, row in zip(steps, runs, strict=True):
            gains[step] = fmean(gain(trainer, run) for run in row)
        return max(gains, key=lambda step: (gains[step], -abs(step)))

    best = look(range(FROM, TO + 1))
    for _ in range(TIMES):
        lowest, highest = min(gains), max(gains)
        if gains[best] <= WORST or best == lowest:
            best = look(range(lowest - FURTHER, lowest))
        elif best == highest:
            best = look(range(highest + 1, highest + 1 + FURTHER))
    return default * math.sqrt(10) ** (best if gains[best] > WORST else 0)
