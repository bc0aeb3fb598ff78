"""A value of a rule in the words of the rule, short enough for a sentence."""

from dsl.language.numbers import format_number
from dsl.language.registry import PRIMITIVES
from dsl.program import Arg, Const, Local, Name, Program

_DEPTH = 3
"""Expressions inside one another; what is deeper and has no name is `...`."""

_ATOM = 9


def text(program: Program, arg: Arg) -> str:
    """An argument by its name, or spelled out where it has none."""
    return _text(program, arg, _DEPTH)[0]


def spelled(program: Program, at: int) -> str:
    """A statement spelled out, its arguments by their names."""
    return _call(program, at, _DEPTH)[0]


def _text(program: Program, arg: Arg, depth: int) -> tuple[str, int]:
    match arg:
        case Const(value):
            return format_number(value), _ATOM
        case Name(id):
            return id, _ATOM
        case Local(index):
            name = program.statements[index].name
            if name:
                return name, _ATOM
            return _call(program, index, depth - 1) if depth > 1 else ("...", _ATOM)


def _call(program: Program, at: int, depth: int) -> tuple[str, int]:
    statement = program.statements[at]
    args = [_text(program, arg, depth) for arg in statement.args]
    infix = PRIMITIVES[statement.op].infix
    if infix is None:
        return f"{statement.op}({', '.join(part for part, _ in args)})", _ATOM
    parts = [part if binds > infix.precedence else f"({part})" for part, binds in args]
    if len(parts) == 1:
        return f"{infix.symbol}{parts[0]}", infix.precedence
    return f" {infix.symbol} ".join(parts), infix.precedence
