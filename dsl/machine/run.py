"""The machine: one compiled loop that obeys any code.

Each instruction is a `lax.switch` on a number that is the same for all lanes, so only the chosen
branch runs; branches take all registers and slice their operands inside, which lets XLA fuse the
slices with the operation. Lanes are an axis of the registers: under `vmap`, an update of one
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
from dsl.machine.encode import Encoded, encode
from dsl.machine.files import GRADIENT, PARAMETERS, Capacity, Layout
from dsl.machine.idioms import Idiom
from dsl.machine.lanes import over_lanes
from dsl.machine.namespace import NAMESPACE
from dsl.machine.opcodes import COPY, FILL, LOSS, REGISTER, Opcode, elementwise, opcodes
from dsl.machine.tape import Tape, tape
from dsl.primitives.sources import LOSS as OF_BATCH
from dsl.program import Program
from dsl.registry import PRIMITIVES, Primitive, Scope
from dsl.transform import JaxStep

_FEW_TENSORS = 8
"""Up to so many, numbers per tensor fill a register through a choice at every entry, which is one
pass; beyond, piece by piece."""

Operands = tuple[Array, Array, Array, Array]
"""What a branch takes: registers [registers, lanes, size], numbers of the step [numbers, lanes] (or
[numbers, 1]), arguments of the code, the instruction."""


class Machine:
    """Runs programs over `primitives` on models of one layout, in several lanes at once.

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
            sorted(name for name in wanted if PRIMITIVES[name].asks in (None, OF_BATCH))
        )
        self.capacity = capacity or Capacity()
        self.dtype = dtype
        self._opcodes = opcodes(self.primitives)
        self._tree = jax.tree.structure([0] * len(layout.shapes))

    def encode(self, program: Program) -> Encoded:
        """The program as this machine's instructions; DoesNotFit if it cannot be."""
        return encode(program, self.primitives, self.capacity)

    def tape(self, encoded: Encoded, lr: np.ndarray, horizon: int | None = None) -> Tape:
        """What a run of `len(lr)` steps takes; `lr` is the rate at each step, [steps] or [steps,
        rates], and `horizon` what `T` is, as many as there are steps if None."""
        return tape(encoded, lr, self.capacity, self.dtype, horizon)

    def registers(self, tape: Tape, params: Sequence[Array]) -> Array:
        """The registers [registers, lanes, size] before the first step.

        **Arguments:** `params`: an array [lanes, *shape] per tensor.
        """
        shape = (self.capacity.registers, len(params[0]), self.layout.size)
        registers = self.layout.write(jnp.zeros(shape, self.dtype), PARAMETERS, params)
        offset, scale = (tape.starts[:, i, None, None] for i in range(2))
        return offset + scale * registers[PARAMETERS][None]

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
        """One step of the program in every lane: new parameters and registers.

        **Arguments:** `at`: the number of steps before this one. `params`, `gradient`: an array
        [lanes, *shape] per tensor. `value_fn(leaves, batch)`: loss of one lane, which oracles ask.
        `batch`: what it takes, leaves [seeds, ...]. `keys`: for noise, one per seed.
        """
        registers = self.layout.write(registers, PARAMETERS, params)
        registers = self.layout.write(registers, GRADIENT, gradient)
        numbers = tape.numbers[at]
        count = (numbers[0, 0] - 1).astype(jnp.int32)
        if numbers.shape[1] > 1:
            numbers = jnp.tile(numbers, (1, len(params[0]) // numbers.shape[1]))

        def step_of(shared: tuple[Any, Array | None], leaves: list[Array]) -> JaxStep:
            batch, key = shared
            return JaxStep(
                self._tree,
                leaves,
                key,
                count,
                {OF_BATCH.argument: lambda at: value_fn(at, batch)},
            )

        lanes = _Lanes(step_of, (batch, keys), list(params), self.layout)
        branches = [self._branch(op, lanes) for op in self._opcodes]

        def instruction(index: Array, registers: Array) -> Array:
            operands = (registers, numbers, tape.args, index)
            made = lax.switch(tape.op[index], branches, operands)
            return lax.dynamic_update_index_in_dim(registers, made, tape.to[index], 0)

        begin, end = tape.spans[at]
        registers = lax.fori_loop(begin, end, instruction, registers)
        moves = self.layout.split(registers[tape.result])
        return [w - move for w, move in zip(params, moves, strict=True)], registers

    def _branch(self, op: Opcode, lanes: "_Lanes") -> Callable[[Operands], Array]:
        """(operands) -> the register [lanes, size] that is made."""
        if op.does is None:
            return {FILL: self._fill, COPY: _copy, LOSS: lanes.loss}[op.name]
        if isinstance(op.does, Idiom) or elementwise(op.does):
            return partial(self._entrywise, op.does.meaning, op.form)
        return partial(lanes.structured, op.does, op.form)

    def _entrywise(self, meaning: Callable[..., Array], form: str, operands: Operands) -> Array:
        registers, numbers, args, index = operands
        values = [
            registers[args[index, i]] if file == REGISTER else numbers[args[index, i]][:, None]
            for i, file in enumerate(form)
        ]
        made = meaning(NAMESPACE, *values).astype(self.dtype)
        return jnp.broadcast_to(made, registers.shape[1:])

    def _fill(self, operands: Operands) -> Array:
        registers, numbers, args, index = operands
        return jnp.broadcast_to(numbers[args[index, 0]][:, None], registers.shape[1:])


def _copy(operands: Operands) -> Array:
    registers, _, args, index = operands
    return registers[args[index, 0]]


class _Lanes:
    """Branches that see tensors, or the step: lane by lane, through `vmap`."""

    def __init__(
        self,
        step_of: Callable[..., JaxStep],
        shared: tuple[Any, Array | None],
        params: list[Array],
        layout: Layout,
    ):
        self.step_of = step_of
        self.shared = shared
        self.params = params
        self.layout = layout

    def loss(self, operands: Operands) -> Array:
        """The loss at the parameters: a pass over the batch, paid by programs that read it."""

        def of_lane(shared: Any, leaves: list[Array]) -> Array:
            return self.step_of(shared, leaves).function(OF_BATCH)(leaves)

        number = over_lanes(of_lane, self.shared, self.params)
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

        def of_lane(shared: Any, own: tuple[list[Array], list[Any]]) -> Any:
            made = self._apply(primitive, shared, *own)
            if not isinstance(made, list):
                return made
            reduced = primitive.signature.result is Kind.SCALAR
            shapes = [()] * len(made) if reduced else self.layout.shapes
            return [jnp.broadcast_to(leaf, shape) for leaf, shape in zip(made, shapes, strict=True)]

        made = over_lanes(of_lane, self.shared, (self.params, values))
        return self._register(made, registers[0])

    def _register(self, made: Any, like: Array) -> Array:
        """What every lane made, a number, one per tensor or tensors, as a register."""
        if not isinstance(made, list):
            return jnp.broadcast_to(made[:, None], like.shape).astype(like.dtype)
        numbers = all(leaf.ndim == 1 for leaf in made)
        if not numbers or len(made) > _FEW_TENSORS:
            leaves = [
                jnp.broadcast_to(
                    leaf.reshape(*leaf.shape, *[1] * (len(shape) + 1 - leaf.ndim)),
                    (len(leaf), *shape),
                )
                for leaf, shape in zip(made, self.layout.shapes, strict=True)
            ]
            return self.layout.write(jnp.zeros_like(like)[None], 0, leaves)[0]
        place = jnp.arange(self.layout.size)
        register = jnp.broadcast_to(made[0][:, None], like.shape)
        for begin, number in zip(np.cumsum(self.layout.sizes), made[1:], strict=False):
            register = jnp.where(place >= begin, number[:, None], register)
        return register.astype(like.dtype)

    def _apply(
        self, primitive: Primitive, shared: Any, params: list[Array], values: list[Any]
    ) -> Any:
        if primitive.scope is Scope.STEP:
            return primitive.meaning(self.step_of(shared, params), *values)
        if primitive.scope is Scope.MODEL:
            return primitive.meaning(NAMESPACE, *values)
        count = len(self.layout.shapes)
        rows = [arg if isinstance(arg, list) else [arg] * count for arg in values]
        return [primitive.meaning(NAMESPACE, *row) for row in zip(*rows, strict=True)]
