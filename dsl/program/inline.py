"""The statements of a text that stand inside their only reader, in place of a line of their own."""

from collections.abc import Mapping, Sequence

from dsl.language.numbers import format_number
from dsl.language.registry import PRIMITIVES
from dsl.program.terms import Arg, Local, Name, Parts
from dsl.program.walk import Read, indices

_NESTING = 16
"""Expressions inside one another at most."""
_TEXT, _NAME = 84, 3
"""Characters of an expression in one line, and of a name that is given to a part of it."""


def inlined(program: Parts, read: Mapping[Arg, Sequence[Read]]) -> set[int]:
    """The statements that print inside their only reader.

    **Arguments:** `read`: the `readers` of the program.

    Those without a name, read once, whose text evaluates in the order of the statements: the
    operands of a statement stand directly before it, the last operand last. Nesting ends at a depth
    and a width that can still be read, by people and by `parse`.
    """
    once = {index for index in indices(read) if len(read[Local(index)]) == 1}
    chosen: set[int] = set()
    wide = _too_wide(program, once)

    def take(args: tuple[Arg, ...], end: int, depth: int) -> int:
        for arg in reversed(args):
            if depth and isinstance(arg, Local) and arg.index == end and end in once:
                statement = program.statements[end]
                if statement.name is None and end not in wide:
                    chosen.add(end)
                    end = take(statement.args, end - 1, depth - 1)
        return end

    index = take(program.returned, len(program.statements) - 1, _NESTING)
    while index >= 0:
        index = take(program.statements[index].args, index - 1, _NESTING)
    return chosen


def _too_wide(program: Parts, once: set[int]) -> set[int]:
    """Statements whose text would make the line of their only reader too long."""
    wide: set[int] = set()
    sizes: list[int] = []

    def size(arg: Arg) -> int:
        """About how many characters an argument takes, inlined if it can be."""
        if isinstance(arg, Local):
            name = program.statements[arg.index].name
            if name is not None:
                return len(name)
            return sizes[arg.index] if arg.index in once else _NAME
        return len(arg.id if isinstance(arg, Name) else format_number(arg.value))

    for statement in program.statements:
        parts = list(map(size, statement.args))
        infix = PRIMITIVES[statement.op].infix
        own = len(infix.symbol) + 4 if infix else len(statement.op) + 2 * len(parts)
        if own + sum(parts) > _TEXT:
            inside = [at for at, arg in enumerate(statement.args) if _nameless(program, arg, once)]
            while inside and own + sum(parts) > _TEXT:
                widest = max(inside, key=parts.__getitem__)
                arg = statement.args[widest]
                assert isinstance(arg, Local)
                wide.add(arg.index)
                inside.remove(widest)
                parts[widest] = _NAME
        sizes.append(own + sum(parts))
    return wide


def _nameless(program: Parts, arg: Arg, once: set[int]) -> bool:
    """True if an argument may print inside its reader."""
    return (
        isinstance(arg, Local) and arg.index in once and program.statements[arg.index].name is None
    )
