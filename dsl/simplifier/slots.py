"""Laws about slots and hyperparameters, which concern a program as a whole.

Each takes a program and gives the first that it leads to, or None. What a slot holds is known by
induction over steps: it is so at the start, and it stays so.
"""

import numpy as np

from dsl.errors import counted
from dsl.language.numbers import format_number
from dsl.language.registry import PRIMITIVES, Domain, Scope
from dsl.program import Arg, Const, Local, Name, Program, Statement
from dsl.rewrite.canonical import shared
from dsl.rewrite.prune import prune
from dsl.simplifier.delays import delayed_slot
from dsl.simplifier.hypers import one_product
from dsl.simplifier.scales import multiple_of_a_slot, other_scale
from dsl.simplifier.steady import steady_slot
from dsl.simplifier.whole import RewrittenProgram, Shorter, instead, no_longer


def tidied(program: Program) -> RewrittenProgram | None:
    """The first law that has something to say of what is not needed, or there twice."""
    return _dead(program) or _twins(program) or steady_slot(program, Domain.EXACT)


def changes(program: Program, domain: Domain, shorter: Shorter) -> RewrittenProgram | None:
    """The first law that has something to say of a program whose statements are as few as can be.

    **Arguments:** `shorter`: gives a program with fewer statements, or None.
    """
    change = _function_of_a_slot(program)
    if change is None and domain is Domain.FINITE:
        change = (
            steady_slot(program, domain)
            or multiple_of_a_slot(program, shorter)
            or delayed_slot(program)
            or one_product(program)
            or other_scale(program, shorter)
        )
    return change


def _dead(program: Program) -> RewrittenProgram | None:
    """Statements and slots that no step depends on."""
    made = prune(program)
    if made is program:
        return None
    gone = [name for name in program.slots if name not in made.slots]
    count = len(program.statements) - len(made.statements)
    words = [counted(count, "statement")] * bool(count) + gone
    return RewrittenProgram("what no step depends on", ", ".join(words) or "unread names", "", made)


def _twins(program: Program) -> RewrittenProgram | None:
    """Slots that hold the same, and values that are computed twice."""
    made = shared(program)
    if len(made.statements) == len(program.statements) and len(made.slots) == len(program.slots):
        return None
    gone = [name for name in program.slots if name not in made.slots]
    count = len(program.statements) - len(made.statements)
    words = [counted(count, "statement")] * bool(count) + gone
    return RewrittenProgram(
        "equal values computed once, equal slots kept once", ", ".join(words), "", made
    )


def _function_of_a_slot(program: Program) -> RewrittenProgram | None:
    """A slot whose next value is a function of the next value of another."""
    holders: dict[Arg, str] = {}
    for slot, value in program.next_values.items():
        holders.setdefault(value, slot)
    for slot, value in program.next_values.items():
        if not isinstance(value, Local):
            continue
        statement = program.statements[value.index]
        found = [(at, holders[arg]) for at, arg in enumerate(statement.args) if arg in holders]
        others = [arg for arg in statement.args if arg not in holders]
        if not found or any(isinstance(arg, Local) or _moves(program, arg) for arg in others):
            continue
        if any(other == slot for _, other in found) or len({other for _, other in found}) > 1:
            continue
        args = tuple(Name(holders[arg]) if arg in holders else arg for arg in statement.args)
        made = instead(program, slot, Statement(statement.op, args))
        if no_longer(made, program) and _starts_so(program, slot, statement.op, args):
            before = f"{slot}, a slot"
            return RewrittenProgram(
                "a slot that another one says", before, _text(statement.op, args), made
            )
    return None


def _moves(program: Program, arg: Arg) -> bool:
    """True for a name that is not the same at every step."""
    return isinstance(arg, Name) and arg.id not in program.hyperparameters


def _starts_so(program: Program, slot: str, op: str, args: tuple[Arg, ...]) -> bool:
    """True if a slot starts as the function of others that it is to be."""
    primitive = PRIMITIVES[op]
    if primitive.scope is Scope.STEP or not primitive.signature.elementwise:
        return False
    numbers: list[float] = []
    for arg in args:
        if isinstance(arg, Const):
            numbers.append(arg.value)
        elif isinstance(arg, Name) and arg.id in program.slots:
            value = program.slots[arg.id].number
            if value is None:
                return False
            numbers.append(value)
        else:
            return False
    with np.errstate(all="ignore"):
        value = float(primitive.meaning(np, *map(np.float64, numbers)))
    return value == program.slots[slot].number


def _text(op: str, args: tuple[Arg, ...]) -> str:
    words = [
        arg.id
        if isinstance(arg, Name)
        else "..."
        if isinstance(arg, Local)
        else format_number(arg.value)
        for arg in args
    ]
    infix = PRIMITIVES[op].infix
    if infix is not None and len(words) == 2:
        return f"{words[0]} {infix.symbol} {words[1]}"
    return f"{op}({', '.join(words)})"
