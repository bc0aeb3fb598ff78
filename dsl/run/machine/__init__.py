"""Any program run without compiling it: programs as instructions, and the machine that obeys them.

    program -> encode -> Encoded -> tape (numpy) -> Machine.step (compiled once per task)

A register holds a value for every parameter of the model, flat; a number that is known only during
the step (a norm, a loss) fills a register. What depends on the step count alone (bias corrections,
schedules, `every`) is computed for all steps before training starts. Opcodes, register numbers and
constants are data, so one compiled machine per task runs every program.

    registers    the places of a model in the registers
    opcodes      the instruction set; idioms has the instructions that do whole expressions
    encode       a program to instructions; allocate gives their values registers
    tape         the arrays of a run: instructions, numbers of every step, starts of slots
    run          the compiled loop over instructions
    elementwise  instructions that work entry by entry, in tiles
    structured   instructions that work on tensors or the model, or ask the step
    lanes        runs side by side under one program
"""

from dsl.run.capacity import Capacity
from dsl.run.machine.encode import Encoded, encode
from dsl.run.machine.lanes import over_lanes
from dsl.run.machine.registers import DoesNotFit, Layout
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
