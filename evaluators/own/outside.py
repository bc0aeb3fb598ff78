"""A problem that is trained outside of Stepsmith: a task of which only losses are told."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from dsl.declare import NameTaken
from dsl.plugins import owner
from evaluators import registry
from evaluators.catalogue import Best, entries
from evaluators.errors import EvaluatorError
from evaluators.own.origin import NAMES, is_task_name
from evaluators.task import Data, Losses, OutsideRuns, Task
from evaluators.training.trainers import forget_trainers

_HALF_WAY = 0.5
"""The share of the way to the floor that stands for the best known loss, of which nobody knows."""
_ANOTHER = "give the problem another name"


@dataclass(frozen=True)
class Problem:
    """A problem of which a model is trained wherever and however its owner likes.

    `steps` is the horizon of a training run; `untrained` the validation loss of a fresh model, to
    about a tenth; `floor` one that no honest model is below. Progress is measured from the one to
    the other, on a logarithmic scale.
    """

    name: str
    steps: int
    untrained: float
    floor: float = 0.0
    summary: str = "Trained outside of Stepsmith"

    def __post_init__(self) -> None:
        if not is_task_name(self.name):
            raise EvaluatorError(f"a problem called {self.name!r}", help=NAMES)
        if self.name in entries():
            raise EvaluatorError(
                f"problem {self.name!r}: the task of that name is one of Stepsmith's own",
                help=_ANOTHER,
            )
        if isinstance(self.steps, bool) or not isinstance(self.steps, int):
            raise EvaluatorError(
                f"problem {self.name!r}: `steps` is {self.steps!r}, not a whole number"
            )
        for argument in ("untrained", "floor"):
            number = getattr(self, argument)
            if isinstance(number, bool) or not isinstance(number, Real):
                raise EvaluatorError(
                    f"problem {self.name!r}: `{argument}` is {number!r}, no number"
                )
        if not (math.isfinite(self.untrained) and math.isfinite(self.floor)):
            raise EvaluatorError(f"problem {self.name!r}: `untrained` and `floor` are numbers")
        if self.untrained <= self.floor:
            raise EvaluatorError(
                f"problem {self.name!r}: the untrained loss {self.untrained:g} is not above the "
                f"floor {self.floor:g}",
                help="`untrained` is the validation loss before training, `floor` the least one",
            )
        if self.steps < 1:
            raise EvaluatorError(f"problem {self.name!r}: wanted 1 step or more, met {self.steps}")

    def to_json(self) -> dict[str, Any]:
        """The numbers that decide scores, as plain data."""
        return {"untrained": self.untrained, "floor": self.floor}


Train = Callable[[Sequence[OutsideRuns]], Sequence[Sequence[Losses]]]


def declare(problem: Problem, train: Train) -> Task:
    """Make a problem known as a task, in place of one of its name that was declared so before.

    **Arguments:** `train`: see `Task.outside`.
    **Raises:** EvaluatorError for the name of another task.
    """

    def never(*_: Any) -> Any:
        raise AssertionError(f"{problem.name} is trained elsewhere")

    nothing = Data(np.zeros(1, np.float32), np.zeros(1, np.float32))
    way = problem.untrained - problem.floor
    task = Task(
        name=problem.name,
        summary=problem.summary,
        dataset=problem.name,
        model=problem.name,
        horizon=problem.steps,
        init=lambda rng: {},
        load=lambda: nothing,
        order=never,
        loss=never,
        validate=never,
        untrained=problem.untrained,
        floor=problem.floor,
        floor_from="its owner",
        best=Best(problem.untrained - _HALF_WAY * way, "", {}),
        flops=1,
        digest=None,
        outside=train,
    )
    registry.forget_outside(problem.name)
    forget_trainers()
    try:
        return registry.register(task)
    except NameTaken as error:
        raise EvaluatorError(
            f"problem {problem.name!r}: the task of that name is {owner(error.place)}",
            help=_ANOTHER,
        ) from None
