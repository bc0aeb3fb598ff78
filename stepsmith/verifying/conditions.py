"""The statements of a rule that do one thing or another, and which of them a step did.

A comparison is true or false, a bound acts or does not, one of two values is the larger. A choice
by a comparison is that comparison.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from dsl.language.registry import PRIMITIVES, Counts, Primitive
from dsl.language.sides import CHOICE, TRUTH, Sides
from dsl.program import Arg, Const, Local, Name, Program
from dsl.program.walk import Follow, across_steps, indices, needed, within_step
from stepsmith.verifying.wording import spelled, text

Cell = tuple[int, str, int | None]
"""A statement, the side that it took, and the rank of the tensor; None for the whole model."""


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
    def sides(self) -> Sides:
        """All that it may do."""
        return PRIMITIVES[self.op].sides

    @property
    def words(self) -> str:
        """The condition as the rule has it."""
        if self.sides is CHOICE:
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
            for side, met in self.sides.items():
                if np.any(met(row, made)):
                    yield self.at, side, rank


def _part(value: Any, position: int) -> Any:
    """The entries of one tensor, all arrays of a tuple in one."""
    found = value[position] if isinstance(value, list) else value
    if isinstance(found, tuple):
        return np.concatenate([np.zeros(0), *map(np.ravel, found)])
    return found


def conditions(program: Program) -> list[Condition]:
    """The statements of a rule that have several sides."""
    read = needed(program, program.outputs)
    places: set[int] = set()
    for at, statement in enumerate(program.statements):
        sides = PRIMITIVES[statement.op].sides
        if sides and Local(at) in read:
            mask = statement.args[0]
            compared = isinstance(mask, Local) and _made_by(program, mask).sides is TRUTH
            known = sides is CHOICE and (compared or isinstance(mask, Const))
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
    return statement.args[:1] if PRIMITIVES[statement.op].sides is CHOICE else statement.args


def _made_by(program: Program, value: Local) -> Primitive:
    return PRIMITIVES[program.statements[value.index].op]


def _of_shapes(program: Program, at: int) -> bool:
    inside = within_step(program)

    def follow(arg: Any) -> Any:
        of_shapes = isinstance(arg, Local) and _made_by(program, arg).counts is Counts.OF_SHAPES
        return () if of_shapes else inside(arg)

    found = needed(program, _roots(program, at), follow)
    names = {arg.id for arg in found if isinstance(arg, Name)}
    return names <= set(program.hyperparameters)
