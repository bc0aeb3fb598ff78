"""Dead statements and dead slots removed."""

from dsl.program import Program
from dsl.program.walk import Rewriter
from dsl.rewrite.liveness import live
from dsl.rewrite.point import point_of


def prune(program: Program, kept: tuple[str, ...] = ()) -> Program:
    """The program without what no result and no point depends on: statements, slots, unread names;
    and without a point that is the parameters.

    Slots in `kept` stay, whoever reads them. Order and names are kept. `w`, `g` and `lr` stay in
    the signature, since every host passes them. A program without any of that is returned as it is.
    """
    alive = live(program, kept)
    inputs = tuple(n for n in program.inputs if n in alive.names or n in ("w", "g"))
    given = program.hyperparameters
    hypers = {n: value for n, value in given.items() if n in alive.names or n == "lr"}
    left = len(alive.statements), len(alive.slots), inputs, len(hypers)
    point = point_of(program)
    if point == program.point and left == (
        len(program.statements),
        len(program.slots),
        program.inputs,
        len(given),
    ):
        return program
    written = Rewriter(program)
    written.copy(alive.statements)
    slots = {slot: program.slots[slot] for slot in alive.slots}
    parts = {} if point else {"point": None}
    return written.finish(inputs=inputs, hyperparameters=hypers, slots=slots, **parts)
