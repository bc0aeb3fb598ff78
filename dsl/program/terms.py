"""The terms of a program: names, numbers, earlier values, statements, and the whole unchecked.

Arguments are tuples, so that Python compares and hashes them without calling anything of ours: they
are looked up more than anything else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from dsl.language.hyperparameters import Hyper
from dsl.language.initialisers import Init
from dsl.language.kinds import Kind
from dsl.language.numbers import checked

INPUTS: Mapping[str, tuple[Kind, str]] = {
    "w": (Kind.TENSOR, "the parameters before the step"),
    "g": (Kind.TENSOR, "the gradient at w"),
    "t": (Kind.GLOBAL, "the step, counted from 1"),
    "T": (Kind.GLOBAL, "the number of steps of the whole training, where it is known"),
    "loss": (Kind.GLOBAL, "the loss at w on the batch of g"),
}


class Name(NamedTuple):
    """An input, a hyperparameter, or a slot's value at the start of the step."""

    id: str


class _Number(NamedTuple):
    value: float


class Const(_Number):
    """A number written in the program; finite, and 0 has no sign."""

    __slots__ = ()

    def __new__(cls, value: float) -> "Const":
        return super().__new__(cls, checked(value))


class Local(NamedTuple):
    """The value of an earlier statement; `mark` keeps it apart from the number, as tuples go."""

    index: int  # pyright: ignore[reportIncompatibleMethodOverride]
    mark: str = "%"


Arg = Name | Const | Local


@dataclass(frozen=True, slots=True)
class Statement:
    """One primitive applied to arguments; `name` is the author's word for the value, if any."""

    op: str
    args: tuple[Arg, ...]
    name: str | None = field(default=None, compare=False)


@dataclass(frozen=True, eq=False)
class Parts:
    """The parts of an update rule, in the order in which they are declared and computed.

    `slots` says how each slot starts, `hyperparameters` which defaults they have, `next_values`
    what each slot holds after the step. `result` is subtracted from `w`. `point` is where the rule
    wants to be evaluated after the step; None where that is at the parameters. `meanings` are those
    of hyperparameters, as far as the rule states them. `dsl.program.Program` is the same with the
    guarantee that the parts fit together.
    """

    name: str
    inputs: tuple[str, ...]
    slots: Mapping[str, Init]
    hyperparameters: Mapping[str, float]
    statements: tuple[Statement, ...]
    next_values: Mapping[str, Arg]
    result: Arg
    doc: str = ""
    meanings: Mapping[str, Hyper] = field(default_factory=dict)
    point: Arg | None = None

    @property
    def returned(self) -> tuple[Arg, ...]:
        """The values of the `return`: the result, and the point where there is one."""
        return (self.result,) if self.point is None else (self.result, self.point)

    @property
    def outputs(self) -> tuple[Arg, ...]:
        """The values that leave the step: the next value of each slot, then what is returned."""
        return (*self.next_values.values(), *self.returned)
