"""Operations on whole programs: put one into another, rename, fix hyperparameters.

Two programs that become one share the inputs, and nothing else unless it is said so: a slot or
hyperparameter of the program that is put in takes a fresh name (`m_1`), and a stream of noise a
fresh number, where the other one has it already.
"""

import itertools
from collections.abc import Collection
from dataclasses import replace

from dsl.errors import DslError, UnknownName, did_you_mean
from dsl.language.initialisers import Init
from dsl.language.registry import PRIMITIVES
from dsl.program import INPUTS, Arg, Const, Local, Name, Program, Statement, check_hyperparameters
from dsl.rewrite.lower import spelled_out

_STREAM = "stream"
"""The parameter of a primitive that says which noise it draws."""


def substitute(program: Program, name: str, by: Program, shared: Collection[str] = ()) -> Program:
    """`program` with the result of `by` wherever it read `name`, as if it began `name = by`.

    **Arguments:** `name`: an input, a hyperparameter or a slot. In `by` an input or hyperparameter
    of that name is still what it was: `lr * t / T` may stand for `lr`. A hyperparameter that `by`
    does not have, and a slot, is gone. `shared`: further hyperparameters that are one and the same
    in both; the defaults are those of `program`.
    **Returns:** a program with the name and docstring of `program`. What initialisers and oracles
    see is not touched, but `first_g` is the first of what now stands for `g`.
    **Raises:** UnknownName if `program` has no `name`; KindError if the result of `by` does not fit
    everywhere.
    """
    return _joined(apart(by, program, {name, *shared}), program, name, leads=program)


def follow(program: Program, by: Program, name: str, shared: Collection[str] = ()) -> Program:
    """`by` with the result of `program` wherever it read `name`, as if it began `name = program`.

    **Arguments:** `name`: a slot of `by` that stands for the result, or `g` to hand the steps of
    one rule to another as if they were gradients. `shared`: hyperparameters that are one and the
    same in both; the defaults are those of `program`.
    **Returns:** a program with the name and docstring of `program`.
    **Raises:** UnknownName if `by` has no `name`; KindError if the result does not fit everywhere.
    """
    return _joined(program, apart(by, program, {name, *shared}), name, leads=program)


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
    updates = dict(zip(program.slots, program.updates, strict=True))
    made = follow(replace(program, result=updates[slot]), by, name, shared)
    held = dict(zip(made.slots, made.updates, strict=True)) | {slot: made.result}
    return replace(made, updates=tuple(held.values()), result=program.result)


def fix(program: Program, **numbers: float) -> Program:
    """The program with hyperparameters turned into constants; UnknownName for one it lacks."""
    check_hyperparameters(program, numbers)
    fixed = {name: Const(number) for name, number in numbers.items()}

    def read(arg: Arg) -> Arg:
        return fixed.get(arg.id, arg) if isinstance(arg, Name) else arg

    return replace(
        program,
        hypers=tuple((name, value) for name, value in program.hypers if name not in fixed),
        statements=tuple(replace(s, args=tuple(map(read, s.args))) for s in program.statements),
        updates=tuple(map(read, program.updates)),
        result=read(program.result),
    )


def rename(program: Program, **names: str) -> Program:
    """The program with other names for slots and hyperparameters: `rename(adam, b1="b3")`.

    UnknownName for one that it does not have, FormError if a new name cannot be taken.
    """
    for name in names:
        if name not in (*program.slots, *program.hyperparameters):
            raise UnknownName(f"'{program.name}' has no slot or hyperparameter '{name}'")

    def read(arg: Arg) -> Arg:
        return Name(names.get(arg.id, arg.id)) if isinstance(arg, Name) else arg

    def renamed(s: Statement) -> Statement:
        return Statement(s.op, tuple(map(read, s.args)), names.get(s.name or "", s.name))

    return replace(
        program,
        state=tuple((names.get(name, name), init) for name, init in program.state),
        hypers=tuple((names.get(name, name), value) for name, value in program.hypers),
        statements=tuple(map(renamed, program.statements)),
        updates=tuple(map(read, program.updates)),
        result=read(program.result),
    )


def apart(program: Program, other: Program, keep: Collection[str] = ()) -> Program:
    """The program with names and streams of noise that `other` does not use, but for `keep`."""
    own = {*program.slots, *program.hyperparameters}
    taken = {*other.name_kinds, *program.name_kinds, *INPUTS, *PRIMITIVES}
    fresh: dict[str, str] = {}
    for name in sorted(own & {*other.name_kinds} - {*keep}):
        fresh[name] = next(n for i in itertools.count(1) if (n := f"{name}_{i}") not in taken)
        taken.add(fresh[name])
    return _redrawn(rename(program, **fresh), other)


def _redrawn(program: Program, other: Program) -> Program:
    """The program drawing its noise from streams that `other` does not use."""
    own, others = _streams(program), _streams(other)
    if not own or not others:
        return program
    taken = {_number(stream) for stream in others}
    mine = {_number(stream) for stream in own}
    if None in taken | mine:
        raise DslError(
            f"'{program.name}' or '{other.name}' computes the number of a stream of noise",
            help="write it as a number, so that the two programs can be told to draw apart",
        )
    free = (n for n in itertools.count() if n not in taken | mine)
    moved = {stream: Const(next(free)) for stream in sorted(mine & taken, key=str)}

    def redrawn(s: Statement) -> Statement:
        at = _stream_at(s)
        if at is None:
            return s
        stream = moved.get(_number(s.args[at]), s.args[at])
        return replace(s, args=(*s.args[:at], stream, *s.args[at + 1 :]))

    return replace(program, statements=tuple(map(redrawn, program.statements)))


def _streams(program: Program) -> list[Arg]:
    """The arguments that say which noise a program draws."""
    found = ((s, _stream_at(s)) for s in program.statements)
    return [s.args[at] for s, at in found if at is not None]


def _number(stream: Arg) -> int | None:
    """The number of a stream; None if it is computed."""
    return round(stream.value) if isinstance(stream, Const) else None


def _stream_at(statement: Statement) -> int | None:
    """The position of the argument that says which noise a statement draws, if it draws any."""
    params = PRIMITIVES[statement.op].params
    return params.index(_STREAM) if _STREAM in params else None


def _joined(first: Program, second: Program, name: str, leads: Program) -> Program:
    """Both in turn, where `second` reads the result of `first` as `name`.

    Names are declared in the order of the one that `leads`; then come those of the other.
    """
    if name not in second.name_kinds:
        raise UnknownName(
            f"'{second.name}' has no '{name}' to be replaced{did_you_mean(name, second.name_kinds)}"
        )
    reader = spelled_out(second) if name == "g" else second

    def moved(arg: Arg) -> Arg:
        match arg:
            case Local(index):
                return Local(index + len(first.statements))
            case Name(id) if id == name:
                return first.result
        return arg

    earlier = list(first.statements)
    if isinstance(first.result, Local) and earlier[first.result.index].name is None:
        earlier[first.result.index] = replace(earlier[first.result.index], name=name)
    later = [replace(s, args=tuple(map(moved, s.args))) for s in reader.statements]
    parts = (first, reader) if leads is first else (reader, first)
    updates = dict(zip(first.slots, first.updates, strict=True))
    for slot, arg in zip(reader.slots, reader.updates, strict=True):
        if slot != name:
            updates[slot] = moved(arg)
    hypers: dict[str, float] = {}
    state: dict[str, Init] = {}
    for part in parts:
        replaced = name if part is reader else None
        kept = first.hyperparameters
        state.update({slot: init for slot, init in part.state if slot != replaced})
        for hyper, value in part.hypers:
            if hyper != replaced or hyper in kept:
                hypers.setdefault(hyper, value)
    return replace(
        leads,
        inputs=tuple(dict.fromkeys(parts[0].inputs + parts[1].inputs)),
        state=tuple(state.items()),
        hypers=tuple(hypers.items()),
        statements=(*earlier, *later),
        updates=tuple(updates[slot] for slot in state),
        result=moved(reader.result),
    )
