"""The part of a program that is known before its steps: Globals of step, horizon, rate and numbers.

Bias corrections, schedules and flags such as `every` are computed for all steps of a run at once,
in float64. An engine takes the results as data, so neither a constant nor a hyperparameter is part
of what it compiles, and all engines read the same numbers.
"""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np

from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Primitive, Scope
from dsl.program import Arg, Const, Local, Name, Program
from dsl.program.walk import indices, needed
from dsl.shapes import Float

STEP, HORIZON, RATE, FIRST_NUMBER = 0, 1, 2, 3
"""Numbers with a fixed place; constants, hyperparameters and computed values follow."""


class EarlyStep(NamedTuple):
    """A primitive applied to numbers; places among the numbers."""

    primitive: Primitive
    args: tuple[int, ...]
    to: int


class Numbers(NamedTuple):
    """The numbers of a program: values in their places (0 where one is computed), and how."""

    values: tuple[float, ...]
    steps: tuple[EarlyStep, ...]

    def table(
        self, lr: Float[np.ndarray, "steps rates"], horizon: int
    ) -> Float[np.ndarray, "numbers steps rates"]:
        """Their values in a run, float64.

        **Arguments:** `lr`: the rate at each step; `horizon`: what `T` is.
        """
        rows = np.empty((len(self.values), *lr.shape))
        rows[:] = np.asarray(self.values)[:, None, None]
        rows[STEP] = np.arange(1, len(lr) + 1)[:, None]
        rows[HORIZON], rows[RATE] = horizon, lr
        with np.errstate(all="ignore"):
            for primitive, args, to in self.steps:
                rows[to] = primitive.meaning(np, *(rows[arg] for arg in args))
        return rows


class Early:
    """Finds the numbers of a program and gives them places, as they are asked for."""

    def __init__(self, program: Program):
        self.program = program
        self._places: dict[Arg, int] = {Name("t"): STEP, Name("T"): HORIZON, Name("lr"): RATE}
        self._values = [0.0] * FIRST_NUMBER
        self._steps: list[EarlyStep] = []
        self._by_rate = {RATE}
        self._names = {"t", "T", "lr", *program.hyperparameters}
        self._known = known_from(program, self._names)

    def known(self, arg: Arg) -> bool:
        """True if a value is known before the steps."""
        if isinstance(arg, Local):
            return arg.index in self._known
        return not isinstance(arg, Name) or arg.id in self._names

    def place(self, arg: Arg) -> int:
        """The place of a known value among the numbers."""
        if arg not in self._places:
            match arg:
                case Const(value):
                    self._places[arg] = self._new(value)
                case Name(id):
                    self._places[arg] = self._new(self.program.hyperparameters[id])
                case Local(index):
                    self._places[arg] = self._computed(index)
        return self._places[arg]

    def by_rate(self, place: int) -> bool:
        """True if a number depends on the rate."""
        return place in self._by_rate

    @property
    def numbers(self) -> Numbers:
        """All that have a place so far."""
        return Numbers(tuple(self._values), tuple(self._steps))

    def _new(self, value: float = 0.0) -> int:
        self._values.append(value)
        return len(self._values) - 1

    def _computed(self, index: int) -> int:
        for each in indices(needed(self.program, [Local(index)])):
            if Local(each) not in self._places:
                statement = self.program.statements[each]
                args = tuple(map(self.place, statement.args))
                to = self._places[Local(each)] = self._new()
                self._steps.append(EarlyStep(PRIMITIVES[statement.op], args, to))
                if not self._by_rate.isdisjoint(args):
                    self._by_rate.add(to)
        return self._places[Local(index)]


def known_from(program: Program, names: Collection[str]) -> frozenset[int]:
    """The statements that make a Global of numbers and `names` alone, without noise or oracles."""
    known: set[int] = set()

    def is_known(arg: Arg) -> bool:
        if isinstance(arg, Local):
            return arg.index in known
        return isinstance(arg, Const) or arg.id in names

    for index, kind in enumerate(program.kinds):
        if kind is Kind.GLOBAL:
            statement = program.statements[index]
            computed = PRIMITIVES[statement.op].scope is not Scope.STEP
            if computed and all(map(is_known, statement.args)):
                known.add(index)
    return frozenset(known)
