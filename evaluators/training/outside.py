"""Training that somebody else does: runs are asked for, and losses told, at the checkpoints.

Everything that judges and tunes asks this trainer as it asks one that trains here. Runs are always
trained to the end: what would be pruned on the way is judged by all of its losses.
"""

import math
from collections.abc import Sequence

from dsl.program import Program
from dsl.run.machine import DoesNotFit
from evaluators.task import Losses, OutsideRuns, Task
from evaluators.training.answers import check_answers
from evaluators.training.batches import BatchShape, RunLength, TrainingRequest
from evaluators.training.checkpoints import horizons, last_step
from evaluators.training.trainer import Runs, Trained, Trainer, Unfit, rates_of


class OutsideTrainer(Trainer):
    """Has the models of one task trained by its `outside`; compiles nothing."""

    def __init__(self, task: Task, steps: int, shape: BatchShape):
        assert task.outside is not None
        self.task = task
        self.steps = steps
        self.checkpoints = horizons(steps)
        self.last = last_step(steps)
        self.shape = shape
        self._train = task.outside

    @property
    def compilations(self) -> int:
        return 0

    @property
    def programs_compiled(self) -> int:
        return 0

    def run_batch(self, requests: Sequence[TrainingRequest]) -> list[Runs | Unfit]:
        """The runs of every request, all asked for at once."""
        found: dict[int, Runs | Unfit] = {}
        asked: list[OutsideRuns] = []
        owners: list[int] = []
        for number, request in enumerate(requests):
            try:
                check_answers(self.task, request.program)
            except DoesNotFit as error:
                found[number] = Unfit(str(error))
                continue
            found[number] = []
            length = self.length(request)
            for rate in rates_of(request):
                asked.append(self._asked(request.program, rate, length, request.seeds))
                owners.append(number)
        told = self._train(asked) if asked else []
        for owner, runs in zip(owners, told, strict=True):
            row = found[owner]
            assert isinstance(row, list)
            row.append([_trained(losses) for losses in runs])
        return [found[number] for number in range(len(requests))]

    def _asked(
        self, program: Program, rate: float, length: RunLength, seeds: Sequence[int]
    ) -> OutsideRuns:
        if "lr" in program.hyperparameters:
            program = program.with_hyperparameters(lr=rate)
        return OutsideRuns(self.task.name, program, length.horizon, length.stages, tuple(seeds))


def _trained(losses: Losses) -> Trained:
    """A run by its losses; one that is not finite has diverged."""
    *until, after = map(float, losses)
    finite = all(map(math.isfinite, (*until, after)))
    return Trained(tuple(until), after, None, finite)
