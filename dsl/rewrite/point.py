"""The point at which a rule is to be evaluated, and the form in which engines and files keep it.

A rule with a point says it at every step, and it is asked for between steps: so it is kept in a
slot that starts as the parameters, which no statement reads.
"""

import itertools
from dataclasses import replace
from typing import NamedTuple

from dsl.language.initialisers import Init
from dsl.program import INPUTS, Arg, Local, Name, Program, Statement

AFTER = "sub"
"""The primitive that makes the parameters after a step, of those before it and the result."""
_SLOT, _START = "point", Init("copy_w")


def point_of(program: Program) -> Arg | None:
    """The point of a rule; None too where it is plainly the parameters after the step."""
    match program.point:
        case Local(index) if program.statements[index] == after_step(program):
            return None
    return program.point


def after_step(program: Program) -> Statement:
    """The statement that makes the parameters after the step."""
    return Statement(AFTER, (Name("w"), program.result))


class KeptPoint(NamedTuple):
    """A program that keeps its point in `slot`; None where it is evaluated at the parameters."""

    program: Program
    slot: str | None

    @property
    def slots(self) -> tuple[str, ...]:
        """The slot, if there is one."""
        return () if self.slot is None else (self.slot,)


def keeping_point(program: Program) -> KeptPoint:
    """The program without a point, and with the slot that holds it; one that starts as the
    parameters and follows the point already is that slot.

    Nothing reads a new slot: `prune` has to be told to keep it.
    """
    point = point_of(program)
    if program.point is None or point is None:
        return KeptPoint(replace(program, point=None) if program.point else program, None)
    held = (slot for slot, arg in program.next_values.items() if arg == point)
    found = next((slot for slot in held if program.slots[slot] == _START), None)
    if found is not None:
        return KeptPoint(replace(program, point=None), found)
    taken = {*program.name_kinds, *INPUTS}
    names = itertools.chain([_SLOT], (f"{_SLOT}_{number}" for number in itertools.count(1)))
    slot = next(name for name in names if name not in taken)
    made = replace(
        program,
        slots={**program.slots, slot: _START},
        next_values={**program.next_values, slot: point},
        point=None,
    )
    return KeptPoint(made, slot)
