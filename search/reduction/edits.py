"""Changes of single places of a program, made together.

An edit names a place of the program that it was proposed for, so several of them can be made at
once, in any order: statements are renumbered when all are in.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields, replace

from dsl.errors import DslError
from dsl.language.registry import Domain
from dsl.program import Arg, Const, Local, Name, Parts, Program
from dsl.program.walk import Read, Rewriter, indices, needed
from dsl.rewrite.liveness import live
from dsl.rewrite.simplify import simplify


@dataclass(frozen=True)
class Instead:
    """All that read the value, slot or hyperparameter `old` read `new`."""

    old: Local | Name
    new: Arg


@dataclass(frozen=True)
class SlotNumber:
    """The place of a number that a slot starts from."""

    slot: str
    at: int


Place = Read | Name | SlotNumber
"""The place of a number: an argument, a hyperparameter, or in the start of a slot."""


@dataclass(frozen=True)
class Rounded:
    """The number at a place is another one."""

    place: Place
    value: float


@dataclass(frozen=True)
class AtParameters:
    """The rule is evaluated at its parameters, and no more at a point of its own."""


Edit = Instead | Rounded | AtParameters


def place_of(edit: Edit) -> Local | Name | Place | None:
    """The place that an edit changes, None for the point; of two edits of one place only one can be
    made."""
    match edit:
        case Instead(old):
            return old
        case Rounded(place):
            return place
    return None


class _Circle(Exception):
    """A value that would be needed to compute itself."""


def applied(program: Program, edits: Iterable[Edit]) -> Program | None:
    """The program with all of some edits, of different places, and simplified.

    As in real arithmetic (`Domain.FINITE`). None where the edits leave no program, or one that no
    longer follows its rate.
    """
    edits = list(edits)
    made = None
    with suppress(DslError, _Circle):
        made = simplify(_with(program, edits), Domain.FINITE)
    if made is None or ("lr" in live(program).names and "lr" not in live(made).names):
        return None
    return made


def _with(program: Program, edits: Sequence[Edit]) -> Program:
    instead: dict[Arg, Arg] = {each.old: each.new for each in edits if isinstance(each, Instead)}
    numbers = {each.place: each.value for each in edits if isinstance(each, Rounded)}
    hypers = {
        name: numbers.get(Name(name), value)
        for name, value in program.hyperparameters.items()
        if Name(name) not in instead
    }
    slots = {
        slot: replace(
            init, args=tuple(numbers.get(SlotNumber(slot, at), x) for at, x in enumerate(init.args))
        )
        for slot, init in program.slots.items()
        if Name(slot) not in instead
    }

    def final(arg: Arg) -> Arg:
        met = set()
        while arg in instead:
            if arg in met:
                raise _Circle
            met.add(arg)
            arg = instead[arg]
        return arg

    def number(by: int, at: int, arg: Arg) -> Arg:
        return Const(numbers[Read(by, at)]) if Read(by, at) in numbers else final(arg)

    statements = tuple(
        replace(each, args=tuple(number(by, at, arg) for at, arg in enumerate(each.args)))
        for by, each in enumerate(program.statements)
    )
    nexts = {slot: final(program.next_values[slot]) for slot in slots}
    result = final(program.result)
    inputs, name = program.inputs, program.name
    point = None if AtParameters() in edits or not program.point else final(program.point)
    stated = program.doc, program.meanings
    parts = Parts(name, inputs, slots, hypers, statements, nexts, result, *stated, point)
    written = Rewriter(parts)
    written.copy(_order(parts))
    whole = written.finish()
    return Program(**{each.name: getattr(whole, each.name) for each in fields(whole)})


def _order(parts: Parts) -> list[int]:
    """The statements that are needed, each after those that it reads, else as they stand."""
    order: list[int] = []
    open_now: set[int] = set()
    done: set[int] = set()

    def visit(index: int) -> None:
        if index in open_now:
            raise _Circle
        if index not in done:
            open_now.add(index)
            for earlier in indices(parts.statements[index].args):
                visit(earlier)
            open_now.remove(index)
            done.add(index)
            order.append(index)

    for index in indices(needed(parts, parts.outputs)):
        visit(index)
    return order
