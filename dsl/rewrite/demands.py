"""The demands of a rule on those who run and read it: state, operations, statements.

Counted on what is live: dead statements and slots ask for nothing.
"""

from functools import lru_cache
from typing import NamedTuple

from dsl.language.kinds import Kind
from dsl.program import Program
from dsl.rewrite.liveness import live, sources
from dsl.rewrite.oracle_calls import gradients_asked
from dsl.rewrite.point import keeping_point

GRADIENT = 100.0
"""Operations per parameter that a gradient counts as; that of a small batch takes hundreds."""
_SIZES = {"n": 1e4, "m": 1e4, "k": 10.0, "b": 64.0, "o": 10.0, "d": 100.0, "i": 10.0}
"""The model, batch and data that oracles are priced on, by the letters of `dsl.language.cost`."""


class Demands(NamedTuple):
    """`memory`: numbers of state for every parameter of a large model, the point among them.
    `cost`: operations per parameter of a step, the gradients of oracles at `GRADIENT` each. `size`:
    statements."""

    memory: int
    cost: float
    size: int


@lru_cache(maxsize=4096)
def demands(program: Program) -> Demands:
    """The demands of a program."""
    alive = live(program)
    whole = [index for index in alive.statements if program.kinds[index] is Kind.TENSOR]
    asked = gradients_asked(program, _SIZES) if sources(program) else 0.0
    kept = keeping_point(program)
    slots = {*alive.slots, *kept.slots}
    return Demands(
        memory=sum(kept.program.slots[slot].kind.per_parameter for slot in slots),
        cost=len(whole) + GRADIENT * asked,
        size=len(alive.statements),
    )
