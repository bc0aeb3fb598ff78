"""The part of a program that has an effect: live statements, names, slots; noise and oracles."""

from functools import lru_cache
from typing import NamedTuple

from dsl.language.oracle import Source
from dsl.language.registry import PRIMITIVES, Primitive
from dsl.program import Name, Program
from dsl.program.walk import across_steps, indices, needed
from dsl.rewrite.point import point_of


class Live(NamedTuple):
    """The live part of a program.

    `statements` are indices in order; `names` are the inputs, hyperparameters and slots that are
    read, at the start of a slot too; `slots` those of them whose state matters to some later step.
    """

    statements: tuple[int, ...]
    names: frozenset[str]
    slots: tuple[str, ...]


@lru_cache(maxsize=4096)
def live(program: Program, kept: tuple[str, ...] = ()) -> Live:
    """The part that the sequence of steps depends on, and what the slots `kept` hold.

    A slot is live if its value reaches the result or the point, at once or through other slots on
    later steps; the statements that only feed dead slots are dead with them.
    """
    point = point_of(program)
    roots = [program.result, *map(Name, kept), *([] if point is None else [point])]
    found = needed(program, roots, across_steps(program))
    names = frozenset(arg.id for arg in found if isinstance(arg, Name))
    slots = tuple(slot for slot in program.slots if slot in names)
    started = {name for slot in slots for name in program.slots[slot].names if name}
    return Live(tuple(indices(found)), names | started, slots)


def draws_noise(program: Program) -> bool:
    """True if a live statement is random."""
    return any(primitive.draws for primitive in _live_primitives(program))


def sources(program: Program) -> tuple[Source, ...]:
    """The sources that live oracles ask, in the order of the first calls."""
    return tuple(dict.fromkeys(p.asks for p in _live_primitives(program) if p.asks))


def _live_primitives(program: Program) -> list[Primitive]:
    return [PRIMITIVES[program.statements[index].op] for index in live(program).statements]
