"""The streams of noise that programs draw from, told by number.

Programs that become one keep drawing apart: where both use a stream, one of them takes another.
"""

from collections.abc import Callable

from dsl.errors import DslError
from dsl.language.registry import PRIMITIVES
from dsl.program import Const, Program, Statement

_STREAM = "stream"
"""The parameter of a primitive that says which noise it draws."""


def stream_of(statement: Statement) -> int | None:
    """The number of the stream that a statement draws from; None if it draws nothing.

    **Raises:** DslError if the program computes the number.
    """
    primitive = PRIMITIVES[statement.op]
    if not primitive.draws:
        return None
    stream = statement.args[primitive.params.index(_STREAM)]
    if not isinstance(stream, Const):
        raise DslError(
            f"'{statement.op}' computes the number of a stream of noise",
            help="write it as a number, so that programs can be told to draw apart",
        )
    return round(stream.value)


def draws(program: Program) -> bool:
    """True if any statement is random, a dead one too."""
    return any(PRIMITIVES[statement.op].draws for statement in program.statements)


def streams(program: Program) -> set[int]:
    """The streams that a program draws from."""
    return {stream for s in program.statements if (stream := stream_of(s)) is not None}


def redrawn(statement: Statement, change: Callable[[int], int]) -> Statement:
    """The statement drawing from another stream, if it draws from one."""
    stream = stream_of(statement)
    if stream is None:
        return statement
    at = PRIMITIVES[statement.op].params.index(_STREAM)
    args = (*statement.args[:at], Const(change(stream)), *statement.args[at + 1 :])
    return Statement(statement.op, args, statement.name)
