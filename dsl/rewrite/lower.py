"""Programs in the forms that engines run: the same rule, written for a computer.

`spelled_out` takes away what is short for something else, so that every engine meets only the plain
form. The one abbreviation: a slot that starts as `first_g` is a slot of zeros whose readers see the
gradient instead on the first step. `without_cancellation` is for engines that count steps in the
precision of the parameters.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from dsl.language.initialisers import Init
from dsl.program import Arg, Const, Local, Name, Program, Statement
from dsl.rewrite.prune import prune

_FIRST_GRADIENT = Init("first_g")


def spelled_out(program: Program) -> Program:
    """The program with `first_g` written as `where(equal(t, 1), g, slot)`."""
    slots = [name for name, init in program.state if init == _FIRST_GRADIENT]
    if not slots:
        return program
    prefix = [Statement("equal", (Name("t"), Const(1.0)))]
    prefix += [Statement("where", (Local(0), Name("g"), Name(slot))) for slot in slots]
    reads: dict[Arg, Arg] = {Name(slot): Local(at) for at, slot in enumerate(slots, start=1)}

    def shift(arg: Arg) -> Arg:
        if isinstance(arg, Local):
            return Local(arg.index + len(prefix))
        return reads.get(arg, arg)

    body = [Statement(s.op, tuple(map(shift, s.args)), s.name) for s in program.statements]
    return replace(
        program,
        inputs=tuple(dict.fromkeys((*program.inputs, "g", "t"))),
        state=tuple(
            (name, Init("zeros") if name in slots else init) for name, init in program.state
        ),
        statements=(*prefix, *body),
        updates=tuple(map(shift, program.updates)),
        result=shift(program.result),
    )


def without_cancellation(program: Program, values: Mapping[str, Any] | None = None) -> Program:
    """The program with `1 - b**t` as `one_minus_power(b, t)`, where `b` lies between 0 and 1.

    **Arguments:** `values`: of hyperparameters, their defaults if None; one that is not a float
    (a traced array) is taken to lie where its default does.
    """
    numbers = {**program.hyperparameters, **(values or {})}

    def decays(base: Arg) -> bool:
        match base:
            case Const(value):
                return 0 < value < 1
            case Name(id) if id in numbers:
                value = numbers[id]
                return 0 < (value if isinstance(value, float) else program.hyperparameters[id]) < 1
        return False

    def rewritten(statement: Statement) -> Statement:
        match statement:
            case Statement("sub", (Const(1.0), Local(index))):
                power = program.statements[index]
                if power.op == "power" and decays(power.args[0]):
                    return replace(statement, op="one_minus_power", args=power.args)
        return statement

    statements = tuple(map(rewritten, program.statements))
    return prune(replace(program, statements=statements))
