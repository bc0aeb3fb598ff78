"""The size of the machine that runs any program, for those who bound programs by it without JAX."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Capacity:
    """The largest program that fits: registers, numbers known before the step, instructions."""

    registers: int = 20
    numbers: int = 64
    instructions: int = 96
