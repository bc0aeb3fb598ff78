"""The slots of a program that average the gradient; a host may keep them in their own dtype."""

from collections.abc import Collection
from enum import IntEnum

from dsl.language.kinds import Kind
from dsl.program import Arg, Const, Local, Name, Program


class Terms(IntEnum):
    """The terms of a sum: none that reads state or the gradient, slots, the gradient too."""

    OTHERS = 0
    SLOTS = 1
    GRADIENT = 2


def momenta(program: Program) -> tuple[str, ...]:
    """The slots that start at zero and become a decayed sum of themselves and of the gradient.

    What is added is made of the gradient, or of other such slots, by sums and by scales that read
    neither: `interp(g, m, b1)`, `b1 * m + (g + wd * w)`, `interp(g - last, d, b2)`.
    """
    linear: set[str] = set()
    while True:
        more = {
            slot
            for slot, rule in program.slots.items()
            if rule.kind is Kind.TENSOR and rule.rule == "zeros" and slot not in linear
            if _terms_of(program, slot, {*linear, slot}) is Terms.GRADIENT
        }
        if not more:
            return tuple(s for s in program.slots if s in linear and _decays(program, s))
        linear |= more


def _terms_of(program: Program, slot: str, linear: Collection[str]) -> Terms | None:
    """The terms of the next value of a slot; None where it is no sum of the gradient and of slots
    `linear`."""
    found: list[Terms | None] = []

    def terms(arg: Arg) -> Terms | None:
        match arg:
            case Const():
                return Terms.OTHERS
            case Name("g"):
                return Terms.GRADIENT
            case Name(id) if id in program.slots:
                return Terms.SLOTS if id in linear else None
            case Name():
                return Terms.OTHERS
            case Local(index):
                return found[index]

    for statement in program.statements:
        found.append(_combined(statement.op, [*map(terms, statement.args)]))
    return terms(program.next_values[slot])


def _combined(op: str, parts: list[Terms | None]) -> Terms | None:
    """The terms of a statement by those of its arguments."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    if not any(known):
        return Terms.OTHERS
    match op:
        case "add" | "sub" | "neg":
            return max(known)
        case "mul" if not all(known):
            return max(known)
        case "div" | "interp" if not known[-1]:
            return max(known)
    return None


def _decays(program: Program, slot: str) -> bool:
    """True if a slot becomes a part of itself, and something more."""
    match program.next_values[slot]:
        case Local(index):
            statement = program.statements[index]
        case _:
            return False
    if statement.op == "interp":
        return statement.args[1] == Name(slot)
    if statement.op != "add":
        return False
    scaled = [program.statements[arg.index] for arg in statement.args if isinstance(arg, Local)]
    return any(each.op == "mul" and Name(slot) in each.args for each in scaled)
