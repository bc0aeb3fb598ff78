"""The training loops of the tasks of a suite, made once and shared."""

from collections.abc import Sequence
from functools import lru_cache

from dsl.program import Program
from evaluators.registry import get
from evaluators.suites import TaskChoice
from evaluators.training.batches import Room
from evaluators.training.train import Trainer, searchable


class Trainers:
    """The training loops of a set of tasks, each compiled when first used."""

    def __init__(self, tasks: Sequence[TaskChoice], primitives: Sequence[str], room: Room):
        self.by_task = {
            choice.name: Trainer(
                *(get(choice.name), choice.steps, primitives),
                width=room.seeds,
                rates=room.rates,
                programs=room.programs,
            )
            for choice in tasks
        }

    @property
    def compilations(self) -> int:
        """How many loops were compiled so far: one per task, whatever runs."""
        return sum(trainer.compilations for trainer in self.by_task.values())


def trainers_for(
    rule: Program,
    tasks: Sequence[TaskChoice],
    primitives: Sequence[str] = (),
    room: Room | None = None,
) -> Trainers:
    """Loops that carry what `rule` applies and `primitives` (those a search draws if empty), with
    `room` for runs side by side.

    The same ones for the same arguments in a process, so that tuning a baseline and judging by it
    compile once.
    """
    used = {statement.op for statement in rule.statements}
    carried = tuple(sorted(used | set(primitives or searchable())))
    return _trainers(tuple(tasks), carried, room or Room(2, 1, 1))


@lru_cache(maxsize=4)
def _trainers(tasks: tuple[TaskChoice, ...], primitives: tuple[str, ...], room: Room) -> Trainers:
    return Trainers(tasks, primitives, room)
