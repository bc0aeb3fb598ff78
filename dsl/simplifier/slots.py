"""Laws about slots and hyperparameters, which concern a program as a whole.

Each takes a program and gives the first that it leads to, or None. What a slot holds is known by
induction over steps: it is so at the start, and it stays so.
"""

import numpy as np

from dsl.errors import counted
from dsl.language.numbers import format_number
from dsl.language.registry import PRIMITIVES, Domain, Scope
from dsl.program import Arg, Const, Local, Name, Program, Statement
from dsl.program.walk import Read, Rewriter, readers
from dsl.rewrite.canonical import shared
from dsl.rewrite.prune import prune
from dsl.simplifier.scales import multiple_of_a_slot, other_scale
from dsl.simplifier.whole import RewrittenProgram, Shorter, instead, no_longer

_ONE_PRODUCT = "a hyperparameter that occurs in one product only"


def tidied(program: Program) -> RewrittenProgram | None:
    """The first law that has something to say of what is not needed, or there twice."""
    return _dead(program) or _twins(program)


def changes(program: Program, domain: Domain, shorter: Shorter) -> RewrittenProgram | None:
    """The first law that has something to say of a program whose statements are as few as can be.

    **Arguments:** `shorter`: gives a program with fewer statements, or None.
    """
    change = _function_of_a_slot(program)
    if change is None and domain is Domain.FINITE:
        change = (
            multiple_of_a_slot(program, shorter)
            or other_scale(program, shorter)
            or _hyperparameter_times_number(program)
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


def _hyperparameter_times_number(program: Program) -> RewrittenProgram | None:
    """A hyperparameter, the rate aside, that is read once: times a number or another such one."""
    read = readers(program)
    for name, value in program.hyperparameters.items():
        places = read.get(Name(name), [])
        read_once = len(places) == 1 and places[0].by < len(program.statements)
        if name == "lr" or not value or not read_once or name in program.starts_from:
            continue
        place: Read = places[0]
        statement = program.statements[place.by]
        if statement.op not in ("mul", "div") or (statement.op == "div" and place.at == 1):
            continue
        beside = statement.args[1 - place.at]
        inner = _inner(program, read, beside)
        if statement.op == "mul" and inner is not None:
            at, factor, rest = inner
            number = _beside(program, read, factor, name)
            if number:
                written = Rewriter(program)
                written.copy(range(at))
                written.place[Local(at)] = written.moved(rest)
                written.copy(range(at + 1, len(program.statements)))
                hypers = {**program.hyperparameters, name: value * number}
                made = prune(written.finish(hyperparameters=hypers))
                before = f"{name} * ({_text('mul', (factor, rest))})"
                return RewrittenProgram(
                    _ONE_PRODUCT, before, _text("mul", (Name(name), rest)), made
                )
        number = _beside(program, read, beside, name)
        if number is None or not number:
            continue
        combined = value * number if statement.op == "mul" else value / number
        if not np.isfinite(combined) or combined == 0:
            continue
        written = Rewriter(program)
        written.copy(range(place.by))
        written.place[Local(place.by)] = Name(name)
        written.copy(range(place.by + 1, len(program.statements)))
        hypers = {**program.hyperparameters, name: combined}
        made = prune(written.finish(hyperparameters=hypers))
        before = _text(statement.op, statement.args)
        return RewrittenProgram(_ONE_PRODUCT, before, name, made)
    return None


def _inner(program: Program, read: dict[Arg, list[Read]], arg: Arg) -> tuple[int, Arg, Arg] | None:
    """A product that is read once: its statement, a factor that is a number, the other one."""
    if not isinstance(arg, Local) or len(read[arg]) != 1:
        return None
    statement = program.statements[arg.index]
    if statement.op != "mul":
        return None
    for factor, rest in (statement.args, statement.args[::-1]):
        if isinstance(factor, Const) or (
            isinstance(factor, Name) and factor.id in program.hyperparameters
        ):
            return arg.index, factor, rest
    return None


def _beside(program: Program, read: dict[Arg, list[Read]], arg: Arg, name: str) -> float | None:
    """The number that a factor is: one that is written, or a hyperparameter that is read once."""
    if isinstance(arg, Const):
        return arg.value
    if isinstance(arg, Name) and arg.id in program.hyperparameters and arg.id not in ("lr", name):
        return program.hyperparameters[arg.id] if len(read[arg]) == 1 else None
    return None


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
