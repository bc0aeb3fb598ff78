"""The statements of a rule that do one thing or another, and which of them a step did.

A comparison is true or false, a bound acts or does not, one of two values is the larger. A choice
by a comparison is that comparison.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from dsl.program import Arg, Const, Local, Name, Program
from dsl.program.walk import Follow, across_steps, indices, needed, within_step
from stepsmith.verifying.wording import spelled, text

_COMPARISONS = ("greater", "less", "greater_equal", "less_equal", "equal", "finite", "every")
_CHOICES = ("where", "when")

_SHAPES = ("ndim", "row_count", "column_count")
"""The primitives whose values are the same at every step."""

Cell = tuple[int, str, int | None]
"""A statement, the side that it took, and the rank of the tensor; None for the whole model."""

Sides = Mapping[str, Callable[[Sequence[Any], Any], Any]]
"""The ways that a statement may take, each with the mask of where it does, over its arguments and
value."""

_TRUTH: Sides = {"true": lambda args, value: value != 0, "false": lambda args, value: value == 0}
_CHOICE: Sides = {
    "true": lambda args, _: args[0] != 0,
    "false": lambda args, _: args[0] == 0,
}


def _greater(args: Sequence[Any], value: Any) -> Any:
    return np.greater(args[0], args[1])


def _less(args: Sequence[Any], value: Any) -> Any:
    return np.less(args[0], args[1])


SIDES: Mapping[str, Sides] = {
    **dict.fromkeys(_COMPARISONS, _TRUTH),
    **dict.fromkeys(_CHOICES, _CHOICE),
    "maximum": {"the first was the larger": _greater, "the second was the larger": _less},
    "minimum": {"the first was the smaller": _less, "the second was the smaller": _greater},
    "clip": {
        "below": _less,
        "above": lambda args, _: np.greater(args[0], args[2]),
        "within": lambda args, _: np.logical_and(
            np.greater_equal(args[0], args[1]), np.less_equal(args[0], args[2])
        ),
    },
    "clip_by_global_norm": {
        "acted": lambda args, value: np.asarray(args[0]) != np.asarray(value),
        "did not act": lambda args, value: np.asarray(args[0]) == np.asarray(value),
    },
}
"""The sides that each such primitive takes."""


@dataclass(frozen=True)
class Condition:
    """A statement with several sides; `of_shapes` if shapes alone decide, `of` are the conditions
    that it is computed from."""

    program: Program
    at: int
    of_shapes: bool
    of: frozenset[int]

    @property
    def op(self) -> str:
        """The primitive."""
        return self.program.statements[self.at].op

    @property
    def sides(self) -> tuple[str, ...]:
        """All that it may do."""
        return tuple(SIDES[self.op])

    @property
    def words(self) -> str:
        """The condition as the rule has it."""
        if self.op in _CHOICES:
            return text(self.program, self.program.statements[self.at].args[0])
        return spelled(self.program, self.at)

    @cached_property
    def decided_by(self) -> frozenset[str]:
        """The names that decide it within a step."""
        return self._names(within_step(self.program))

    @cached_property
    def reads(self) -> frozenset[str]:
        """The names of all that decides it, at any step."""
        return self._names(across_steps(self.program))

    def _names(self, follow: Follow) -> frozenset[str]:
        found = needed(self.program, _roots(self.program, self.at), follow)
        return frozenset(arg.id for arg in found if isinstance(arg, Name))

    def never(self, side: str) -> str:
        """A sentence that it did not do something."""
        shown = f"`{self.words}`"
        match side:
            case "true" | "false":
                return f"{shown} was never {side}"
            case "below" | "above":
                return f"{shown}: nothing was ever {side}"
            case "within":
                return f"{shown}: nothing was ever within"
            case "acted" | "did not act":
                return f"{shown} {'never' if side == 'acted' else 'always'} acted"
        return f"{shown}: {side.replace(' was ', ' was never ')}"

    def seen(self, args: Sequence[Any], value: Any, ranks: Sequence[int]) -> Iterator[Cell]:
        """The sides that it took at one step, on the tensor of each rank."""
        several = isinstance(value, list)
        for position, rank in enumerate(ranks if several else (None,)):
            row = [_part(arg, position) for arg in args]
            made = _part(value, position)
            for side, met in SIDES[self.op].items():
                if np.any(met(row, made)):
                    yield self.at, side, rank


def _part(value: Any, position: int) -> Any:
    """The entries of one tensor, all arrays of a tuple in one."""
    found = value[position] if isinstance(value, list) else value
    if isinstance(found, tuple):
        return np.concatenate([np.ravel(part) for part in found])
    return found


def conditions(program: Program) -> list[Condition]:
    """The statements of a rule that have several sides."""
    read = needed(program, (program.result, *program.next_values.values()))
    places: set[int] = set()
    for at, statement in enumerate(program.statements):
        if statement.op in SIDES and Local(at) in read:
            mask = statement.args[0]
            compared = isinstance(mask, Local) and program.statements[mask.index].op in _COMPARISONS
            known = statement.op in _CHOICES and (compared or isinstance(mask, Const))
            places |= set() if known else {at}
    inside = within_step(program)
    above = {at: set(indices(needed(program, _roots(program, at), inside))) for at in places}
    return [
        Condition(program, at, _of_shapes(program, at), frozenset(above[at] & places))
        for at in sorted(places)
    ]


def _roots(program: Program, at: int) -> tuple[Arg, ...]:
    """The arguments that decide which side a statement takes."""
    statement = program.statements[at]
    return statement.args[:1] if statement.op in _CHOICES else statement.args


def _of_shapes(program: Program, at: int) -> bool:
    inside = within_step(program)

    def follow(arg: Any) -> Any:
        shape = isinstance(arg, Local) and program.statements[arg.index].op in _SHAPES
        return () if shape else inside(arg)

    found = needed(program, _roots(program, at), follow)
    names = {arg.id for arg in found if isinstance(arg, Name)}
    return names <= set(program.hyperparameters)
