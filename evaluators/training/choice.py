"""The engine for a program: by what the machine carries, and by an estimate of what each costs.

The estimate is a function of the program, the model and the run alone, never of a clock, so a
campaign makes the same choices wherever it runs. Gradients and losses, those of oracles too, cost
both engines the same and are left out; `evaluators.cost` counts them.
"""

import enum
from dataclasses import dataclass

from dsl.run.machine import Capacity, Encoded
from dsl.run.machine.registers import GRADIENT


class Engine(enum.StrEnum):
    """The implementations of a training step."""

    MACHINE = "machine"
    COMPILED = "compiled"


@dataclass(frozen=True)
class Costs:
    """Seconds on one core, as `python -m benchmarks.engine_costs` finds them; another core changes
    them together, and their ratios little."""

    instruction: float = 5e-8
    """An instruction of the machine, for all its lanes together."""
    entry: float = 2.3e-10
    """An entry of a register of one lane that it makes."""
    far_entry: float = 5.5e-10
    """The same where the registers in use are larger than `cache`."""
    fused_entry: float = 4e-10
    """An entry that a compiled step makes for such an instruction, at any size."""
    compiling: float = 1.7
    """Compiling a training loop."""
    cache: int = 2**25
    """Bytes of registers from which memory is the bound."""
    bytes: int = 2**28
    """The most bytes that all registers of a machine may take."""


COSTS = Costs()


def choose(
    encoded: Encoded, size: int, steps: int, lanes: int, runs: int, capacity: Capacity
) -> Engine:
    """The engine for a program that the machine can hold.

    **Arguments:** `size`: parameters of the model. `lanes`: runs side by side, of `runs` in all.
    """
    bytes_each = 4 * lanes * size
    if capacity.registers * bytes_each > COSTS.bytes:
        return Engine.COMPILED
    used = 1 + int(encoded.to.max(initial=GRADIENT))
    entry = COSTS.far_entry if used * bytes_each > COSTS.cache else COSTS.entry
    instructions = steps * len(encoded.op)
    calls = -(-runs // lanes)
    machine = instructions * (COSTS.instruction * calls + entry * size * runs)
    compiled = COSTS.compiling + instructions * COSTS.fused_entry * size * runs
    return Engine.MACHINE if machine <= compiled else Engine.COMPILED
