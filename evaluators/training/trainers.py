"""Trainers for the tasks of a suite, made once in a process and shared."""

from collections.abc import Sequence
from functools import lru_cache

from dsl.language.registry import searchable
from dsl.program import Program
from evaluators.registry import get
from evaluators.suites import TaskChoice
from evaluators.training.batches import BatchShape
from evaluators.training.outside import OutsideTrainer
from evaluators.training.trainer import Trainer


class Trainers:
    """A trainer for each of a set of tasks, its loop compiled when first used."""

    def __init__(self, tasks: Sequence[TaskChoice], primitives: Sequence[str], shape: BatchShape):
        self.by_task = {each.name: _trainer(each, primitives, shape) for each in tasks}

    @property
    def compilations(self) -> int:
        """The number of machines compiled so far: one per task, whatever runs."""
        return sum(trainer.compilations for trainer in self.by_task.values())


def _trainer(choice: TaskChoice, primitives: Sequence[str], shape: BatchShape) -> Trainer:
    task = get(choice.name)
    if task.outside is not None:
        return OutsideTrainer(task, choice.steps, shape)
    return Trainer(
        task=task,
        steps=choice.steps,
        primitives=primitives,
        width=shape.seeds,
        rates=shape.rates,
        programs=shape.programs,
    )


def trainers_for(
    rule: Program,
    tasks: Sequence[TaskChoice],
    primitives: Sequence[str] = (),
    shape: BatchShape | None = None,
) -> Trainers:
    """Trainers whose machines carry what `rule` applies and `primitives` (by default those that a
    search draws), for runs side by side as in `shape`.

    The same ones for the same arguments in a process, so that tuning a baseline and judging by it
    compile once.
    """
    used = {statement.op for statement in rule.statements}
    carried = tuple(sorted(used | set(primitives or searchable())))
    return _trainers(tuple(tasks), carried, shape or BatchShape(seeds=2, rates=1, programs=1))


@lru_cache(maxsize=4)
def _trainers(
    tasks: tuple[TaskChoice, ...], primitives: tuple[str, ...], shape: BatchShape
) -> Trainers:
    return Trainers(tasks, primitives, shape)


def forget_trainers() -> None:
    """Forget the trainers of this process, where a task of a name becomes another one."""
    _trainers.cache_clear()
