"""Which engine runs a program: by what the machine carries, and by an estimate of what each costs.

The estimate is a function of the program, the model and the run alone, never of a clock, so a
campaign makes the same choices wherever it runs. Gradients and losses cost both engines the same
and are left out.
"""

import enum
from dataclasses import dataclass

from dsl.machine import Capacity, Encoded


class Engine(enum.StrEnum):
    """What takes the steps of a training loop."""

    MACHINE = "machine"
    COMPILED = "compiled"


@dataclass(frozen=True)
class Costs:
    """Seconds on one core of the machine that `docs/performance.md` names, where these are
    measured; another core changes them together, and their ratios little."""

    instruction: float = 2.5e-7
    """An instruction of the machine, in all its lanes together."""
    entry: float = 1.5e-10
    """An entry of a register of one lane that it makes."""
    fused_entry: float = 4e-11
    """An entry that a compiled statement makes: most never leave the core."""
    compiling: float = 1.5
    """Compiling a training loop."""
    bytes: int = 2**28
    """The most that the registers of a machine may take."""


COSTS = Costs()


def choose(
    encoded: Encoded, size: int, steps: int, lanes: int, runs: int, capacity: Capacity
) -> Engine:
    """The engine for a program that the machine can hold.

    **Arguments:** `size`: parameters of the model. `lanes`: runs side by side, of `runs` in all.
    """
    if 4 * capacity.registers * lanes * size > COSTS.bytes:
        return Engine.COMPILED
    entries = steps * len(encoded.op) * size * runs
    calls = steps * len(encoded.op) * -(-runs // lanes)
    machine = COSTS.instruction * calls + COSTS.entry * entries
    compiled = COSTS.compiling + COSTS.fused_entry * entries
    return Engine.MACHINE if machine <= compiled else Engine.COMPILED
