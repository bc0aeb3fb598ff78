"""Operations on whole programs: put one into another, rename, fix hyperparameters.

Two programs that become one share the inputs, and nothing else unless it is said so: a slot or
hyperparameter of the program that is put in takes a fresh name (`m_1`), and a stream of noise a
fresh number, where the other one has it already.
"""

import itertools
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TypeVar

from dsl.combine.streams import draws, redrawn, streams
from dsl.errors import UnknownName, did_you_mean
from dsl.language.initialisers import Init
from dsl.language.registry import PRIMITIVES
from dsl.program import (
    INPUTS,
    Arg,
    Const,
    Local,
    Name,
    Program,
    check_distinct,
    check_hyperparameters,
)
from dsl.program.walk import Rewriter, indices, remap
from dsl.rewrite.lower import spelled_out
from dsl.rewrite.point import AFTER, after_step

T = TypeVar("T")


def substitute(program: Program, name: str, by: Program, shared: Collection[str] = ()) -> Program:
    """`program` with the result of `by` wherever it read `name`, as if it began `name = by`.

    **Arguments:** `name`: an input, a hyperparameter or a slot. In `by` an input or hyperparameter
    of that name is still what it was: `lr * t / T` may stand for `lr`. A hyperparameter that `by`
    does not have, and a slot, is gone. `shared`: further hyperparameters that are one and the same
    in both; the defaults are those of `program`.
    **Returns:** a program with the name, docstring and point of `program`. What initialisers and
    oracles see is not touched, but `first_g` is the first of what now stands for `g`.
    **Raises:** UnknownName if `program` has no `name`; KindError if the result of `by` does not fit
    everywhere.
    """
    return _joined(apart(by, program, {name, *shared}), program, name, leads=program)


def follow(program: Program, by: Program, name: str, shared: Collection[str] = ()) -> Program:
    """`by` with the result of `program` wherever it read `name`, as if it began `name = program`.

    **Arguments:** `name`: a slot of `by` that stands for the result, or `g` to hand the steps of
    one rule to another as if they were gradients. `shared`: hyperparameters that are one and the
    same in both; the defaults are those of `program`.
    **Returns:** a program with the name and docstring of `program`, and the point of `by`; if that
    has none, the point of `program`, to which `w` less its result are the parameters after the
    whole step.
    **Raises:** UnknownName if `by` has no `name`; KindError if the result does not fit everywhere.
    """
    made = _joined(program, apart(by, program, {name, *shared}), name, leads=program)
    if program.point is None or by.point is not None:
        return made
    return _after_whole_step(replace(made, point=program.point), program)


def store(
    program: Program, slot: str, by: Program, name: str, shared: Collection[str] = ()
) -> Program:
    """`program` whose `slot` holds the result of `by`, which reads the next value as `name`.

    The step itself still sees that value; only the next one sees what was held.

    **Arguments:** `slot`: one whose values lift to a Tensor. `shared`: hyperparameters that are one
    and the same in both; the defaults are those of `program`.
    **Returns:** a program with the name and docstring of `program`.
    **Raises:** UnknownName if `program` has no such slot or `by` no `name`; KindError if the result
    does not fit into the slot.
    """
    if slot not in program.slots:
        raise UnknownName(
            f"'{program.name}' has no slot '{slot}'{did_you_mean(slot, program.slots)}"
        )
    stored = replace(program, result=program.next_values[slot], point=None)
    made = follow(stored, by, name, shared)
    held = {**made.next_values, slot: made.result}
    return replace(made, next_values=held, result=program.result, point=program.point)


def fix(program: Program, **numbers: float) -> Program:
    """The program with hyperparameters turned into constants; UnknownName for one it lacks."""
    check_hyperparameters(program, numbers)
    fixed: dict[Arg, Arg] = {Name(name): Const(number) for name, number in numbers.items()}
    kept = {n: value for n, value in program.hyperparameters.items() if n not in numbers}
    return remap(program, lambda arg: fixed.get(arg, arg), hyperparameters=kept)


def rename(program: Program, **names: str) -> Program:
    """The program with other names for slots and hyperparameters: `rename(adam, b1="b3")`.

    UnknownName for one that it does not have, FormError if a new name cannot be taken.
    """
    own = (*program.slots, *program.hyperparameters)
    for name in names:
        if name not in own:
            raise UnknownName(f"'{program.name}' has no slot or hyperparameter '{name}'")
    check_distinct([names.get(name, name) for name in own])

    def renamed(table: Mapping[str, T]) -> dict[str, T]:
        return {names.get(name, name): value for name, value in table.items()}

    made = Rewriter(program, {Name(old): Name(new) for old, new in names.items()})
    made.copy()
    statements = (replace(s, name=names.get(s.name or "", s.name)) for s in made.statements)
    return made.finish(
        slots=renamed({slot: init.renamed(names) for slot, init in program.slots.items()}),
        hyperparameters=renamed(program.hyperparameters),
        meanings=renamed(program.meanings),
        statements=tuple(statements),
        next_values=renamed({slot: made.moved(arg) for slot, arg in program.next_values.items()}),
    )


def apart(program: Program, other: Program, keep: Collection[str] = ()) -> Program:
    """The program with names and streams of noise that `other` does not use.

    Names in `keep` stay as they are.
    """
    own = {*program.slots, *program.hyperparameters}
    taken = {*other.name_kinds, *program.name_kinds, *INPUTS, *PRIMITIVES}
    fresh: dict[str, str] = {}
    for name in sorted(own & {*other.name_kinds} - {*keep}):
        fresh[name] = next(n for i in itertools.count(1) if (n := f"{name}_{i}") not in taken)
        taken.add(fresh[name])
    return _redrawn(rename(program, **fresh), other)


def _redrawn(program: Program, other: Program) -> Program:
    """The program drawing its noise from streams that `other` does not use."""
    if not (draws(program) and draws(other)):
        return program
    mine, taken = streams(program), streams(other)
    free = (number for number in itertools.count() if number not in taken | mine)
    moved = {stream: next(free) for stream in sorted(mine & taken)}
    statements = (
        redrawn(statement, lambda stream: moved.get(stream, stream))
        for statement in program.statements
    )
    return replace(program, statements=tuple(statements))


def _joined(first: Program, second: Program, name: str, leads: Program) -> Program:
    """Both in turn, where `second` reads the result of `first` as `name`.

    Names are declared in the order of the one that `leads`; then come those of the other.
    """
    if name not in second.name_kinds:
        raise UnknownName(
            f"'{second.name}' has no '{name}' to be replaced{did_you_mean(name, second.name_kinds)}"
        )
    reader = spelled_out(second) if name == "g" else second
    made = Rewriter(reader, {Name(name): first.result}, [*first.statements])
    if isinstance(first.result, Local) and first.statements[first.result.index].name is None:
        named = replace(first.statements[first.result.index], name=name)
        made.statements[first.result.index] = named
    made.copy()
    later = {slot: made.moved(arg) for slot, arg in reader.next_values.items() if slot != name}
    nexts = {**first.next_values, **later}
    parts = (first, reader) if leads is first else (reader, first)
    slots: dict[str, Init] = {}
    hypers: dict[str, float] = {}
    for part in parts:
        replaced = name if part is reader else None
        slots.update({slot: init for slot, init in part.slots.items() if slot != replaced})
        for hyper, value in part.hyperparameters.items():
            if hyper != replaced or hyper in first.hyperparameters:
                hypers.setdefault(hyper, value)
    return replace(
        leads,
        inputs=tuple(dict.fromkeys(parts[0].inputs + parts[1].inputs)),
        slots=slots,
        hyperparameters=hypers,
        meanings={**parts[1].meanings, **parts[0].meanings},
        statements=tuple(made.statements),
        next_values={slot: nexts[slot] for slot in slots},
        result=made.moved(reader.result),
        point=None if reader.point is None else made.moved(reader.point),
    )


def _after_whole_step(program: Program, part: Program) -> Program:
    """The program, which begins with the statements of `part`, where the parameters after its whole
    step stand for those after the step of that part."""
    first, before = len(part.statements), after_step(part)
    old = {Local(at) for at, each in enumerate(program.statements[:first]) if each == before}
    if not old:
        return program
    reads: set[Arg] = set(old)
    for index, statement in enumerate(program.statements):
        if not reads.isdisjoint(statement.args):
            reads.add(Local(index))
    made = Rewriter(program)
    made.copy(at for at in range(len(program.statements)) if Local(at) not in reads)
    after = made.put(AFTER, Name("w"), made.moved(program.result))
    made.place.update(dict.fromkeys(old, after))
    made.copy(indices(reads - old))
    return made.finish()
