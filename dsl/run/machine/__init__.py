"""Any program run without compiling it: programs as instructions, and the machine that obeys them.

    program -> encode -> Encoded -> tape (numpy) -> Machine.step (compiled once per task)

A register holds a value for every parameter of the model, flat; a number that is known only during
the step (a norm, a loss) fills a register. What depends on the step count alone (bias corrections,
schedules, `every`) is computed for all steps before training starts. Opcodes, register numbers and
constants are data, so one compiled machine per task runs every program.
"""

from dsl.run.machine.encode import Encoded, encode
from dsl.run.machine.lanes import over_lanes
from dsl.run.machine.registers import Capacity, DoesNotFit, Layout
from dsl.run.machine.run import Machine
from dsl.run.machine.tape import Tape, tape

__all__ = [
    "Capacity",
    "DoesNotFit",
    "Encoded",
    "Layout",
    "Machine",
    "Tape",
    "encode",
    "over_lanes",
    "tape",
]
