"""Any program run without compiling it: programs as instructions, and the machine that obeys them.

    program -> encode -> Code (arrays) -> early_rows (numpy) -> Machine.step (compiled once per
    task)

A register holds a value for every parameter of the model, flat; a number that is known only during
the step (a norm, a loss) fills a register. What depends on the step count alone (bias corrections,
schedules, `every`) is computed for all steps before training starts. Opcodes, register numbers and
constants are data, so one compiled machine per task runs every program.
"""

from dsl.machine.encode import Code, Encoded, encode
from dsl.machine.files import Capacity, DoesNotFit, Layout
from dsl.machine.run import Machine, early_rows

__all__ = [
    "Capacity",
    "Code",
    "DoesNotFit",
    "Encoded",
    "Layout",
    "Machine",
    "early_rows",
    "encode",
]
