"""The machine: one compiled loop that obeys any code.

Each instruction is a `lax.switch` on a number that is the same for all seeds, so only the chosen
branch runs; branches take all registers and slice their operands inside, which lets XLA fuse the
slices with the operation.
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from dsl.kinds import Kind
from dsl.machine.encode import Code, Encoded, encode
from dsl.machine.files import (
    GRADIENT,
    HORIZON,
    LOSS,
    PARAMETERS,
    RATE,
    STEP,
    TRASH,
    Capacity,
    Layout,
)
from dsl.machine.opcodes import COPY, FILL, REGISTER, SKIP, Opcode, elementwise, opcodes
from dsl.program import Program
from dsl.registry import PRIMITIVES, Scope
from dsl.transform import JaxStep, initial


class Machine:
    """Runs programs over `primitives` on models of one layout.

    **Arguments:** `layout`: of the parameters. `primitives`: names that programs may use; all that
    the language has by default. `capacity`: how large programs may be. `dtype`: of the registers.
    """

    def __init__(
        self,
        layout: Layout,
        primitives: Sequence[str] | None = None,
        capacity: Capacity | None = None,
        dtype: Any = np.float32,
    ):
        self.layout = layout
        self.primitives = tuple(sorted(PRIMITIVES if primitives is None else primitives))
        self.capacity = capacity or Capacity()
        self.dtype = dtype
        self._opcodes = opcodes(self.primitives)
        self._tree = jax.tree.structure([0] * len(layout.shapes))

    def encode(self, program: Program) -> Encoded:
        """The program as this machine's instructions; DoesNotFit if it cannot be."""
        return encode(program, self.primitives, self.capacity)

    def registers(self, encoded: Encoded, params: Sequence[np.ndarray]) -> np.ndarray:
        """The registers [registers, size] before the first step: slots in their places."""
        registers = np.zeros((self.capacity.registers, self.layout.size), self.dtype)
        for register, init in encoded.slots:
            value = initial(init, list(params), np)
            leaves = [value] * len(params) if init.kind is Kind.GLOBAL else value
            self.layout.fill(registers[register], leaves)
        return registers

    def step(
        self,
        code: Code,
        early: Array,
        registers: Array,
        params: Sequence[Array],
        loss: Array,
        gradient: Sequence[Array],
        value_fn: Callable[[list[Array]], Any] | None = None,
        key: Array | None = None,
    ) -> tuple[list[Array], Array]:
        """One step of the program: new parameters and registers.

        **Arguments:** `early`: the row of `early_rows` for this step, the same for every seed.
        `loss`, `gradient`: at `params`. `value_fn`: loss of the batch, for oracles. `key`: for
        noise.
        """
        registers = self.layout.write(registers, PARAMETERS, params)
        registers = self.layout.write(registers, GRADIENT, gradient)
        numbers = early.at[LOSS].set(loss)
        count = (early[STEP] - 1).astype(jnp.int32)
        step = JaxStep(self._tree, list(params), key, count, value_fn)
        branches = [self._branch(op, step) for op in self._opcodes]

        def instruction(index: Array, registers: Array) -> Array:
            runs = early[code.guard[index]] != 0
            op = jnp.where(runs, code.op[index], 0)
            to = jnp.where(runs, code.to[index], TRASH)
            made = jax.lax.switch(op, branches, registers, numbers, code.args[index])
            return registers.at[to].set(made.astype(self.dtype))

        registers = jax.lax.fori_loop(0, code.length, instruction, registers)
        moves = self.layout.split(registers[code.result])
        return [w - move for w, move in zip(params, moves, strict=True)], registers

    def _branch(self, op: Opcode, step: JaxStep) -> Callable[[Array, Array, Array], Array]:
        """(registers, numbers, operands) -> the register that is made."""
        if op.primitive is None:
            return {
                SKIP: lambda registers, numbers, args: registers[TRASH],
                FILL: lambda registers, numbers, args: jnp.full_like(
                    registers[TRASH], numbers[args[0]]
                ),
                COPY: lambda registers, numbers, args: registers[args[0]],
            }[op.name]
        primitive, meaning = op.primitive, op.primitive.meaning
        in_register = [file == REGISTER for file in op.form]

        def entrywise(registers: Array, numbers: Array, args: Array) -> Array:
            operands = [
                registers[args[i]] if here else numbers[args[i]]
                for i, here in enumerate(in_register)
            ]
            return meaning(jnp, *operands).astype(self.dtype)

        def structured(registers: Array, numbers: Array, args: Array) -> Array:
            operands: list[Any] = []
            for i, (here, kind) in enumerate(
                zip(in_register, primitive.signature.params, strict=True)
            ):
                if kind is Kind.GLOBAL:
                    operands.append(registers[args[i], 0] if here else numbers[args[i]])
                else:
                    operands.append(self.layout.split(registers[args[i]]))
            made = self._apply(primitive.scope, meaning, step, operands)
            leaves = made if isinstance(made, list) else [made] * len(self.layout.shapes)
            return self.layout.write(registers[TRASH][None], 0, leaves)[0]

        return entrywise if elementwise(primitive) else structured

    def _apply(
        self, scope: Scope, meaning: Callable[..., Any], step: JaxStep, operands: list[Any]
    ) -> Any:
        if scope is Scope.STEP:
            return meaning(step, *operands)
        if scope is Scope.MODEL:
            return meaning(jnp, *operands)
        count = len(self.layout.shapes)
        rows = [arg if isinstance(arg, list) else [arg] * count for arg in operands]
        return [meaning(jnp, *row) for row in zip(*rows, strict=True)]


def early_rows(
    encoded: Encoded, steps: int, lr: np.ndarray, capacity: Capacity, dtype: Any = np.float32
) -> np.ndarray:
    """The numbers at each step [steps, numbers]: constants, and what depends on the step alone.

    Computed in float64. `lr` is the rate at each step, [steps]; the horizon `T` is `steps`.
    """
    rows = np.zeros((capacity.numbers, steps))
    rows[: len(encoded.numbers)] = np.asarray(encoded.numbers)[:, None]
    rows[STEP], rows[HORIZON], rows[RATE] = np.arange(1, steps + 1), steps, lr
    with np.errstate(all="ignore"):
        for primitive, args, to in encoded.early:
            rows[to] = primitive.meaning(np, *(rows[arg] for arg in args))
        return np.ascontiguousarray(rows.T).astype(dtype)
