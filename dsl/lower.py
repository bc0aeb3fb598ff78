"""Spelling out what is short for something else, so that every engine meets only the plain form.

The one abbreviation: a slot that starts as `first_g` is a slot of zeros whose readers see the
gradient instead on the first step.
"""

from dataclasses import replace

from dsl.initialisers import Init
from dsl.program import Arg, Const, Local, Name, Program, Statement

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
