"""Dead statements and dead slots removed."""

from dataclasses import replace

from dsl.program import Arg, Local, Program, Statement
from dsl.rewrite.liveness import live


def prune(program: Program) -> Program:
    """The program without what no step's result depends on: statements, slots, unread names.

    Order and names are kept. `w`, `g` and `lr` stay in the signature, since every host passes them.
    A program without any of that is returned as it is.
    """
    alive = live(program)
    inputs = tuple(n for n in program.inputs if n in alive.names or n in ("w", "g"))
    hypers = tuple(h for h in program.hypers if h[0] in alive.names or h[0] == "lr")
    kept = (len(alive.statements), len(alive.slots), inputs, hypers)
    if kept == (len(program.statements), len(program.state), program.inputs, program.hypers):
        return program
    place = {old: new for new, old in enumerate(alive.statements)}

    def move(arg: Arg) -> Arg:
        return Local(place[arg.index]) if isinstance(arg, Local) else arg

    def moved(statement: Statement) -> Statement:
        return Statement(statement.op, tuple(map(move, statement.args)), statement.name)

    updates = dict(zip(program.slots, program.updates, strict=True))
    return replace(
        program,
        inputs=inputs,
        hypers=hypers,
        state=tuple((name, init) for name, init in program.state if name in alive.slots),
        statements=tuple(moved(program.statements[index]) for index in alive.statements),
        updates=tuple(move(updates[name]) for name in alive.slots),
        result=move(program.result),
    )
