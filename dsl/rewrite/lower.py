"""Programs in the forms that engines run: the same rule, written for a computer.

`spelled_out` takes away what is short for something else, so that every engine meets only the plain
form. The one abbreviation: a slot that starts as `first_g` is a slot of zeros whose readers see the
gradient instead on the first step. `without_cancellation` is for engines that count steps in the
precision of the parameters. `in_other_words` is for the machine, which has instructions for some of
the primitives only.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from dsl.language.initialisers import Init
from dsl.language.registry import PRIMITIVES
from dsl.program import Arg, Const, Local, Name, Program, Statement
from dsl.program.parse import parse
from dsl.program.walk import Rewriter
from dsl.rewrite.prune import prune

_FIRST_GRADIENT = "first_g"


@lru_cache(maxsize=1024)
def spelled_out(program: Program) -> Program:
    """The program with `first_g` written as `m_seen = where(equal(t, 1), g, m)` for slot `m`."""
    slots = [name for name, init in program.slots.items() if init.rule == _FIRST_GRADIENT]
    if not slots:
        return program
    plain = Rewriter(program)
    first = plain.put("equal", Name("t"), Const(1.0))
    seen: dict[Arg, Arg] = {
        Name(slot): plain.put("where", first, Name("g"), Name(slot), name=f"{slot}_seen")
        for slot in slots
    }
    plain.place.update(seen)
    plain.copy()
    return plain.finish(
        inputs=tuple(dict.fromkeys((*program.inputs, "g", "t"))),
        slots={**program.slots, **dict.fromkeys(slots, Init("zeros"))},
    )


def without_cancellation(
    program: Program, values: Mapping[str, Any] | None = None, kept: tuple[str, ...] = ()
) -> Program:
    """The program with `1 - b**t` as `one_minus_power(b, t)`, where `b` lies between 0 and 1.

    **Arguments:** `values`: of hyperparameters, their defaults if None; one that is not a float
    (a traced array) is taken to lie where its default does. `kept`: slots that stay, whoever reads
    them.
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
    return prune(replace(program, statements=statements), kept)


def in_other_words(program: Program) -> Program:
    """The program without primitives that are `spelled` in others."""
    if not any(PRIMITIVES[statement.op].spelled for statement in program.statements):
        return program
    written = Rewriter(program)
    for index, statement in enumerate(program.statements):
        if not PRIMITIVES[statement.op].spelled:
            written.copy([index])
            continue
        said = spelling(statement.op)
        params = map(Name, PRIMITIVES[statement.op].params)
        args = map(written.moved, statement.args)
        inside = Rewriter(said, dict(zip(params, args, strict=True)), written.statements)
        inside.copy()
        written.place[Local(index)] = inside.moved(said.result)
    return written.finish()


@lru_cache(maxsize=256)
def spelling(op: str) -> Program:
    """A primitive that is `spelled` in others as a rule; slots stand for its arguments."""
    primitive = PRIMITIVES[op]
    slots = ", ".join(f"{name}=zeros" for name in primitive.params)
    return parse(f"def spelling(w, g, {slots}):\n    return {primitive.spelled}")
