"""The machine: one compiled loop that obeys any code.

Each instruction is a `lax.switch` on a number that is the same for all seeds, so only the chosen
branch runs; branches take all registers and slice their operands inside, which lets XLA fuse the
slices with the operation. Seeds are an axis of the registers: under `vmap`, an update of one
register would become a scatter.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from dsl.kinds import Kind
from dsl.machine.encode import Encoded, Slots, encode
from dsl.machine.files import GRADIENT, PARAMETERS, STEP, Capacity, Layout
from dsl.machine.idioms import Idiom
from dsl.machine.opcodes import COPY, FILL, LOSS, REGISTER, Opcode, elementwise, opcodes
from dsl.machine.tape import Tape, tape
from dsl.primitives import oracles
from dsl.program import Program
from dsl.registry import PRIMITIVES, Primitive, Scope
from dsl.transform import JaxStep, initial

Operands = tuple[Array, Array, Array, Array]
"""What a branch takes: registers, numbers of the step, arguments of the code, the instruction."""


class Machine:
    """Runs programs over `primitives` on models of one layout, for several seeds at once.

    **Arguments:** `layout`: of the parameters. `primitives`: names that programs may use; all that
    the language has by default, but for oracles that ask more than the loss. `capacity`: how large
    programs may be. `dtype`: of the registers.
    """

    def __init__(
        self,
        layout: Layout,
        primitives: Sequence[str] | None = None,
        capacity: Capacity | None = None,
        dtype: Any = np.float32,
    ):
        self.layout = layout
        wanted = PRIMITIVES if primitives is None else primitives
        self.primitives = tuple(
            sorted(name for name in wanted if PRIMITIVES[name].asks in (None, oracles.LOSS))
        )
        self.capacity = capacity or Capacity()
        self.dtype = dtype
        self._opcodes = opcodes(self.primitives)
        self._tree = jax.tree.structure([0] * len(layout.shapes))

    def encode(self, program: Program) -> Encoded:
        """The program as this machine's instructions; DoesNotFit if it cannot be."""
        return encode(program, self.primitives, self.capacity)

    def tape(self, encoded: Encoded, lr: np.ndarray, horizon: int | None = None) -> Tape:
        """What a run of `len(lr)` steps takes besides registers; `lr` is the rate at each step, and
        `horizon` what `T` is, as many as there are steps if None."""
        return tape(encoded, lr, self.capacity, self.dtype, horizon)

    def registers(self, slots: Slots, params: Sequence[np.ndarray]) -> np.ndarray:
        """The registers [registers, seeds, size] before the first step.

        **Arguments:** `slots`: of an encoded program. `params`: an array [seeds, *shape] per
        tensor.
        """
        seeds = len(params[0])
        registers = np.zeros((self.capacity.registers, seeds, self.layout.size), self.dtype)
        for register, init in slots:
            value = initial(init, list(params), np)
            leaves = [value] * len(params) if init.kind is Kind.GLOBAL else value
            self.layout.fill(registers[register], leaves)
        return registers

    def step(
        self,
        tape: Tape,
        at: Array,
        registers: Array,
        params: Sequence[Array],
        gradient: Sequence[Array],
        value_fn: Callable[[list[Array], Any], Any],
        batch: Any = None,
        keys: Array | None = None,
    ) -> tuple[list[Array], Array]:
        """One step of the program on every seed: new parameters and registers.

        **Arguments:** `at`: the number of steps before this one. `params`, `gradient`: an array
        [seeds, *shape] per tensor. `value_fn(leaves, batch)`: loss of one seed, which oracles ask.
        `batch`: what it takes, leaves [seeds, ...]. `keys`: for noise, one per seed.
        """
        registers = self.layout.write(registers, PARAMETERS, params)
        registers = self.layout.write(registers, GRADIENT, gradient)
        numbers = tape.numbers[at]
        count = (numbers[STEP] - 1).astype(jnp.int32)

        def step_of(leaves: list[Array], batch: Any, key: Array | None) -> JaxStep:
            return JaxStep(
                self._tree,
                leaves,
                key,
                count,
                {oracles.LOSS.argument: lambda at: value_fn(at, batch)},
            )

        seeds = _Seeds(step_of, (list(params), batch, keys), self.layout)
        branches = [self._branch(op, seeds) for op in self._opcodes]

        def instruction(index: Array, registers: Array) -> Array:
            operands = (registers, numbers, tape.args, index)
            made = lax.switch(tape.op[index], branches, operands)
            return lax.dynamic_update_index_in_dim(registers, made, tape.to[index], 0)

        begin, end = tape.spans[at]
        registers = lax.fori_loop(begin, end, instruction, registers)
        moves = self.layout.split(registers[tape.result])
        return [w - move for w, move in zip(params, moves, strict=True)], registers

    def _branch(self, op: Opcode, seeds: "_Seeds") -> Callable[[Operands], Array]:
        """(operands) -> the register [seeds, size] that is made."""
        if op.does is None:
            return {FILL: self._fill, COPY: _copy, LOSS: seeds.loss}[op.name]
        if isinstance(op.does, Idiom) or elementwise(op.does):
            return partial(self._entrywise, op.does.meaning, op.form)
        return partial(seeds.structured, op.does, op.form)

    def _entrywise(self, meaning: Callable[..., Array], form: str, operands: Operands) -> Array:
        registers, numbers, args, index = operands
        values = [
            (registers if file == REGISTER else numbers)[args[index, i]]
            for i, file in enumerate(form)
        ]
        return meaning(jnp, *values).astype(self.dtype)

    def _fill(self, operands: Operands) -> Array:
        registers, numbers, args, index = operands
        return jnp.full_like(registers[0], numbers[args[index, 0]])


def _copy(operands: Operands) -> Array:
    registers, _, args, index = operands
    return registers[args[index, 0]]


class _Seeds:
    """Branches that see tensors, or the step: seed by seed, through `vmap`."""

    def __init__(
        self, step_of: Callable[..., JaxStep], each: tuple[list[Array], Any, Any], layout: Layout
    ):
        self.step_of = step_of
        self.each = each
        self.layout = layout

    def loss(self, operands: Operands) -> Array:
        """The loss at the parameters: a pass over the batch, paid by programs that read it."""
        number = jax.vmap(lambda *each: self.step_of(*each).loss_at(each[0]))(*self.each)
        return jnp.broadcast_to(number[:, None], operands[0].shape[1:]).astype(operands[0].dtype)

    def structured(self, primitive: Primitive, form: str, operands: Operands) -> Array:
        """A primitive that works on tensors as such, or on the whole model."""
        registers, numbers, args, index = operands
        values: list[Any] = []
        for i, (file, kind) in enumerate(zip(form, primitive.signature.params, strict=True)):
            place = args[index, i]
            if file != REGISTER:
                values.append(jnp.broadcast_to(numbers[place], registers.shape[1:2]))
            elif kind is Kind.GLOBAL:
                values.append(registers[place][:, 0])
            else:
                values.append(self.layout.split(registers[place]))

        def of_seed(each: tuple, values: list[Any]) -> list[Array]:
            made = self._apply(primitive.scope, primitive.meaning, each, values)
            leaves = made if isinstance(made, list) else [made] * len(self.layout.shapes)
            return [
                jnp.broadcast_to(leaf, shape)
                for leaf, shape in zip(leaves, self.layout.shapes, strict=True)
            ]

        leaves = jax.vmap(of_seed)(self.each, values)
        return self.layout.write(jnp.zeros_like(registers[:1]), 0, leaves)[0]

    def _apply(
        self, scope: Scope, meaning: Callable[..., Any], each: tuple, values: list[Any]
    ) -> Any:
        if scope is Scope.STEP:
            return meaning(self.step_of(*each), *values)
        if scope is Scope.MODEL:
            return meaning(jnp, *values)
        count = len(self.layout.shapes)
        rows = [arg if isinstance(arg, list) else [arg] * count for arg in values]
        return [meaning(jnp, *row) for row in zip(*rows, strict=True)]
