"""A program ready to run: everything about its steps that is the same at every step.

The values of a step lie in one list: those of statements first, then those of names, then the
numbers in the program. An argument is a place in that list.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from dsl.language.kinds import Kind, plain
from dsl.language.registry import PRIMITIVES, Primitive
from dsl.program import Arg, Const, Local, Name, Program, Statement
from dsl.program.walk import in_any_case, indices, needed
from dsl.rewrite.lower import spelled_out
from dsl.run.shapes_met import check_made


class Lift(NamedTuple):
    """An argument, by its position, that is broadcast before a primitive is applied."""

    position: int
    kind: Kind
    to: Kind


class Output(NamedTuple):
    """A value that leaves the step, or a branch of a choice: its place, its kind, and the kind that
    it is broadcast to."""

    place: int
    kind: Kind
    to: Kind


class Branch(NamedTuple):
    """One side of a choice: its value, and the statements that it needs, in order."""

    value: Output
    order: Sequence[int]


class Passing(NamedTuple):
    """The way in which a primitive gets arguments of kinds `given`, and the kind of what it makes.

    `wanted` are the kinds that it gets, after `lifts`. `per_tensor` are the positions of arguments
    that hold a part for each tensor then. `at_once`: it works entry by entry, and there is nothing
    but Tensors, Scalars and Globals, so all tensors may be one long one.
    """

    given: tuple[Kind, ...]
    wanted: Sequence[Kind]
    result: Kind
    lifts: Sequence[Lift]
    per_tensor: Sequence[int]
    at_once: bool


class PlannedCall(NamedTuple):
    """A statement: a primitive, the places of its arguments and how they are passed. A choice has
    `branches` for its arguments after the flag."""

    primitive: Primitive
    args: Sequence[int]
    passing: Passing
    branches: Sequence[Branch]


@dataclass(frozen=True, slots=True)
class ExecutionPlan:
    """The statements of a program as calls, and what leaves the step.

    `values` is the list of values at the start of a step, where all but the numbers are None.
    `order` holds the statements that every step needs.
    """

    values: list[float | None]
    names: Mapping[str, int]
    calls: Sequence[PlannedCall]
    order: Sequence[int]
    result: Output
    slots: Mapping[str, Output]


@lru_cache(maxsize=1024)
def plan(program: Program) -> ExecutionPlan:
    """The plan of a program; hyperparameters are among its names."""
    program = spelled_out(program)
    places = _places(program)
    outputs = (program.result, *program.next_values.values())
    return ExecutionPlan(
        values=[arg.value if isinstance(arg, Const) else None for arg in places],
        names={arg.id: place for arg, place in places.items() if isinstance(arg, Name)},
        calls=[_call(program, statement, places) for statement in program.statements],
        order=_needed(program, *outputs),
        result=_output(program, program.result, places, Kind.TENSOR),
        slots={
            slot: _output(program, arg, places, program.slots[slot].kind)
            for slot, arg in program.next_values.items()
        },
    )


def _places(program: Program) -> dict[Arg, int]:
    read = [arg for statement in program.statements for arg in statement.args]
    numbers = [
        arg
        for arg in (*read, program.result, *program.next_values.values())
        if isinstance(arg, Const)
    ]
    args = [*map(Local, range(len(program.statements))), *map(Name, program.name_kinds), *numbers]
    return {arg: place for place, arg in enumerate(dict.fromkeys(args))}


def _call(program: Program, statement: Statement, places: Mapping[Arg, int]) -> PlannedCall:
    primitive = PRIMITIVES[statement.op]
    passing = _passing(primitive, tuple(map(program.kind_of, statement.args)))
    branches = [
        Branch(
            _output(program, statement.args[at], places, passing.result),
            _needed(program, statement.args[at]),
        )
        for at in primitive.lazy
    ]
    return PlannedCall(primitive, [places[arg] for arg in statement.args], passing, branches)


@lru_cache(maxsize=4096)
def _passing(primitive: Primitive, kinds: tuple[Kind, ...]) -> Passing:
    wanted, result = primitive.signature.bind(kinds)
    broadcasts = primitive.signature.elementwise  # its meaning does so with numbers by itself
    lifts = [
        Lift(at, kind, want)
        for at, (kind, want) in enumerate(zip(kinds, wanted, strict=True))
        if kind is not want and not (broadcasts and kind is Kind.GLOBAL)
    ]
    held = {**dict(enumerate(kinds)), **{lift.position: lift.to for lift in lifts}}
    check_made(primitive, list(held.values()), result)
    per_tensor = [at for at, kind in held.items() if kind is not Kind.GLOBAL]
    at_once = broadcasts and all(map(plain, (result, *kinds)))
    return Passing(kinds, wanted, result, lifts, per_tensor, at_once)


def _output(program: Program, arg: Arg, places: Mapping[Arg, int], to: Kind) -> Output:
    return Output(places[arg], program.kind_of(arg), to)


def _needed(program: Program, *args: Arg) -> list[int]:
    """The statements that values need in any case, in order: all that they read, except what only a
    branch of a choice reads."""
    return indices(needed(program, args, in_any_case(program)))
