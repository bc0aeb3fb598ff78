"""What of a program has an effect: live statements, names, slots; noise and oracles."""

from functools import lru_cache
from typing import NamedTuple

from dsl.language.oracle import Source
from dsl.language.registry import PRIMITIVES, Primitive
from dsl.program import Arg, Local, Name, Program


class Live(NamedTuple):
    """The live part of a program.

    `statements` are indices in order; `names` are the inputs, hyperparameters and slots that are
    read; `slots` those of them whose state matters to some later step.
    """

    statements: tuple[int, ...]
    names: frozenset[str]
    slots: tuple[str, ...]


@lru_cache(maxsize=4096)
def live(program: Program) -> Live:
    """What the sequence of steps depends on.

    A slot is live if its value reaches the result, at once or through other slots on later steps;
    the statements that only feed dead slots are dead with them.
    """
    updates = dict(zip(program.slots, program.updates, strict=True))
    statements: set[int] = set()
    names: set[str] = set()
    stack: list[Arg] = [program.result]
    while stack:
        arg = stack.pop()
        if isinstance(arg, Local) and arg.index not in statements:
            statements.add(arg.index)
            stack.extend(program.statements[arg.index].args)
        elif isinstance(arg, Name) and arg.id not in names:
            names.add(arg.id)
            if arg.id in updates:
                stack.append(updates[arg.id])
    slots = tuple(name for name in updates if name in names)
    return Live(tuple(sorted(statements)), frozenset(names), slots)


def draws_noise(program: Program) -> bool:
    """Whether a live statement is random."""
    return any(p.draws for p in _live_primitives(program))


def sources(program: Program) -> tuple[Source, ...]:
    """What the live oracles need of the caller, in the order of the first calls."""
    return tuple(dict.fromkeys(p.asks for p in _live_primitives(program) if p.asks))


def _live_primitives(program: Program) -> list[Primitive]:
    return [PRIMITIVES[program.statements[index].op] for index in live(program).statements]
