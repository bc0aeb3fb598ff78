"""Equal arrays computed once, for hosts that do what a file says line by line."""

from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Scope
from dsl.program import Arg, Local, Program
from dsl.program.walk import Rewriter, reading


def arrays_once(program: Program) -> Program:
    """The program with the later of equal statements gone; slots and names stay as they are.

    Sums and products of numbers stay where they are read, and so do draws and questions to oracles.
    """
    written = Rewriter(program)
    known: dict[tuple[str, tuple[Arg, ...]], Arg] = {}
    for index, statement in enumerate(program.statements):
        key = statement.op, reading(statement, written.moved).args
        if key in known:
            written.place[Local(index)] = known[key]
            continue
        written.copy([index])
        primitive, kind = PRIMITIVES[statement.op], program.kind_of(Local(index))
        number = kind in (Kind.SCALAR, Kind.GLOBAL) and primitive.signature.elementwise
        if primitive.scope is Scope.LEAF and not number:
            known[key] = written.moved(Local(index))
    return written.finish()
