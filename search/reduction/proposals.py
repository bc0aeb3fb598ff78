"""The ways to make a program smaller, or its numbers rounder, by one edit each."""

from collections.abc import Iterator
from typing import NamedTuple

from dsl.language.kinds import Kind, lifts
from dsl.language.numbers import format_number
from dsl.language.registry import PRIMITIVES
from dsl.program import Arg, Const, Local, Name, Program
from dsl.program.walk import Read, readers
from dsl.rewrite.canonical import canonical_hash
from search.reduction.edits import AtParameters, Edit, Instead, Place, Rounded, SlotNumber, applied
from search.reduction.rounding import digits, rounder

_FACTORS, _SUMMANDS = {"mul", "div"}, {"add", "sub"}
"""Primitives that a value of 1, or of 0, passes through."""
_NEAR_ONE, _NEAR_ZERO = (0.5, 2.0), 0.1
"""Numbers in this range may be 1, and those below this size 0."""


class Weight(NamedTuple):
    """The demands of a program on its reader; the less the better, the first of them first."""

    parts: int
    """Statements and slots, and the point of evaluation if there is one."""
    hyperparameters: int
    """The rate aside."""
    digits: int
    """Of all numbers; see `rounding`."""


class ReductionProposal(NamedTuple):
    """An edit of a program, and the program that it makes."""

    edit: Edit
    program: Program
    weight: Weight


def weight(program: Program) -> Weight:
    """The weight of a simplified program."""
    return Weight(
        parts=len(program.statements) + len(program.slots) + (program.point is not None),
        hyperparameters=sum(name != "lr" for name in program.hyperparameters),
        digits=sum(digits(value) for _, value in _numbers(program)),
    )


def proposals(program: Program) -> list[ReductionProposal]:
    """The lighter programs that one edit makes, each once, the lightest first."""
    met, found = {canonical_hash(program)}, []
    now = weight(program)
    for edit in _edits(program):
        made = applied(program, [edit])
        if made is None or weight(made) >= now:
            continue
        key = canonical_hash(made)
        if key not in met:
            met.add(key)
            found.append(ReductionProposal(edit, made, weight(made)))
    return sorted(found, key=lambda each: each.weight)


def is_part(edit: Edit, program: Program) -> bool:
    """True for an edit that takes away a part of the step: a value or a slot of tensors, the point.

    Numbers of the whole model are what parts are tuned to: with a factor of the rate gone a
    threshold that reads the rate is another one, and what it did before cannot be seen any more.
    """
    if isinstance(edit, Instead):
        return program.kind_of(edit.old) is not Kind.GLOBAL
    return isinstance(edit, AtParameters)


def _edits(program: Program) -> Iterator[Edit]:
    def holds(name: str, value: float) -> bool:
        """True unless the rule states a range of that hyperparameter which leaves the value out."""
        return name not in program.meanings or program.meanings[name].holds(value)

    yield from [AtParameters()] if program.point else []
    yield from _statements(program)
    yield from _slots(program)
    for name in program.hyperparameters:
        if name != "lr":
            yield from (Instead(Name(name), Const(to)) for to in (0.0, 1.0) if holds(name, to))
    for place, value in _numbers(program):
        if abs(value) < _NEAR_ZERO and value and not isinstance(place, Name):
            yield Rounded(place, 0.0)
        if _NEAR_ONE[0] < value < _NEAR_ONE[1] and value != 1 and not isinstance(place, Name):
            yield Rounded(place, 1.0)
        named = place.id if isinstance(place, Name) else ""
        yield from (Rounded(place, to) for to in rounder(value) if holds(named, to))


def _statements(program: Program) -> Iterator[Edit]:
    """Every statement as one of its arguments; a factor as 1, a summand as 0."""
    read = readers(program)
    for index, statement in enumerate(program.statements):
        value, kind = Local(index), program.kinds[index]
        for arg in dict.fromkeys(statement.args):
            if not isinstance(arg, Const) and _stands_for(program.kind_of(arg), kind):
                yield Instead(value, arg)
        by = {
            program.statements[each.by].op
            for each in read.get(value, ())
            if each.by < len(program.statements)
        }
        if lifts(Kind.GLOBAL, kind):
            if by & _FACTORS:
                yield Instead(value, Const(1.0))
            if by & _SUMMANDS:
                yield Instead(value, Const(0.0))


def _slots(program: Program) -> Iterator[Edit]:
    """Every slot gone: its readers read what it is updated with, the gradient, or 0."""
    for slot, init in program.slots.items():
        update = program.next_values[slot]
        found: list[Arg] = [update]
        if isinstance(update, Local):
            found += program.statements[update.index].args
        for arg in dict.fromkeys([*found, Name("g")]):
            if arg != Name(slot) and _stands_for(program.kind_of(arg), init.kind):
                yield Instead(Name(slot), arg)
        if lifts(Kind.GLOBAL, init.kind):
            yield Instead(Name(slot), Const(0.0))


def _stands_for(kind: Kind, wanted: Kind) -> bool:
    """True if a value may stand where one of another kind was; a number of the whole model, which
    knows nothing of the entries, only for another one."""
    return lifts(kind, wanted) and (kind is not Kind.GLOBAL or wanted is Kind.GLOBAL)


def _numbers(program: Program) -> Iterator[tuple[Place, float]]:
    """The numbers that may be rounded: hyperparameters but the rate, those in statements, those
    that slots start from; no names of noise streams and no lengths."""
    for name, value in program.hyperparameters.items():
        if name != "lr" and name not in program.lengths:
            yield Name(name), value
    for slot, init in program.slots.items():
        if init.kind.length is None and not init.names:
            yield from ((SlotNumber(slot, at), value) for at, value in enumerate(init.args))
    for by, statement in enumerate(program.statements):
        if PRIMITIVES[statement.op].draws:
            continue
        for at, arg in enumerate(statement.args):
            if isinstance(arg, Const):
                yield Read(by, at), arg.value


def told(edit: Edit, program: Program) -> str:
    """An edit of a program in words."""

    def text(arg: Arg) -> str:
        match arg:
            case Const(value):
                return format_number(value)
            case Name(id):
                return id
            case Local(index):
                statement = program.statements[index]
                inner = ", ".join(
                    format_number(each.value)
                    if isinstance(each, Const)
                    else each.id
                    if isinstance(each, Name)
                    else program.statements[each.index].name or "..."
                    for each in statement.args
                )
                return f"{statement.op}({inner})"

    if isinstance(edit, Instead):
        return f"{text(edit.old)} is {text(edit.new)}"
    if isinstance(edit, AtParameters):
        return "no point of evaluation"
    match edit.place:
        case Name(id):
            before, where = program.hyperparameters[id], id
        case SlotNumber(slot, at):
            before, where = program.slots[slot].args[at], f"the start of {slot}"
        case Read(by, at):
            arg = program.statements[by].args[at]
            assert isinstance(arg, Const)
            before, where = arg.value, f"a number in {text(Local(by))}"
    return f"{where}: {format_number(before)} is {format_number(edit.value)}"
