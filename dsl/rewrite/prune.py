"""Dead statements and dead slots removed."""

from dsl.program import Program
from dsl.program.walk import Rewriter
from dsl.rewrite.liveness import live


def prune(program: Program) -> Program:
    """The program without what no step's result depends on: statements, slots, unread names.

    Order and names are kept. `w`, `g` and `lr` stay in the signature, since every host passes them.
    A program without any of that is returned as it is.
    """
    alive = live(program)
    inputs = tuple(n for n in program.inputs if n in alive.names or n in ("w", "g"))
    given = program.hyperparameters
    hypers = {n: value for n, value in given.items() if n in alive.names or n == "lr"}
    left = len(alive.statements), len(alive.slots), inputs, len(hypers)
    if left == (len(program.statements), len(program.slots), program.inputs, len(given)):
        return program
    kept = Rewriter(program)
    kept.copy(alive.statements)
    slots = {slot: program.slots[slot] for slot in alive.slots}
    return kept.finish(inputs=inputs, hyperparameters=hypers, slots=slots)
