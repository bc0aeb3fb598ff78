"""Instructions that work on tensors as such, on the whole model, or that ask the step: in every
lane, through `vmap`."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jaxtyping import Float, Int, Key

from dsl.language.kinds import Kind
from dsl.language.registry import Primitive, Scope
from dsl.language.sources import LOSS as OF_BATCH
from dsl.run.jax_step import JaxStep
from dsl.run.machine.lanes import over_lanes
from dsl.run.machine.opcodes import EITHER, Opcode, Operands
from dsl.run.machine.registers import Layout
from dsl.run.machine.tape import Tape
from dsl.run.namespace import NAMESPACE

_FEW_TENSORS = 8
"""Numbers of up to this many tensors fill a register in one pass, through a choice at every entry;
those of more, piece by piece."""


class Structured:
    """The branches of opcodes that are not entrywise.

    **Arguments:** `first`: the number of the first of the opcodes. `step_of(shared, leaves)`: the
    step of one lane at its parameters. `shared`: batch and key, of the seeds. `params`: an array
    per tensor.
    """

    def __init__(
        self,
        opcodes: Sequence[Opcode],
        first: int,
        step_of: Callable[..., JaxStep],
        shared: tuple[Any, Key[Array, " seeds"] | None],
        params: Sequence[Float[Array, "lanes ..."]],
        layout: Layout,
    ):
        self.first = first
        self.step_of = step_of
        self.shared = shared
        self.params = list(params)
        self.layout = layout
        self.branches = [self._branch(op) for op in opcodes]

    def run(
        self,
        tape: Tape,
        begin: Int[Array, ""],
        end: Int[Array, ""],
        numbers: Float[Array, " numbers #lanes"],
        registers: Float[Array, "registers lanes width"],
    ) -> Float[Array, "registers lanes width"]:
        """The registers after instructions `begin` .. `end` of the tape, none entrywise."""

        def instruction(at: Array, registers: Array) -> Array:
            operands = Operands(registers, numbers, tape.args, at)
            made = lax.switch(tape.op[at] - self.first, self.branches, operands)
            return lax.dynamic_update_index_in_dim(registers, made, tape.to[at], 0)

        return lax.fori_loop(begin, end, instruction, registers) if self.branches else registers

    def _branch(self, op: Opcode) -> Callable[[Operands], Array]:
        """(operands) -> the register that is made."""
        if isinstance(op.does, Primitive):
            return partial(self._apply, op.does, op.form)
        return self._loss

    def _loss(self, operands: Operands) -> Float[Array, "lanes width"]:
        """The loss at the parameters: a pass over the batch, paid by programs that read it."""

        def of_lane(shared: Any, leaves: list[Array]) -> Array:
            return self.step_of(shared, leaves).function(OF_BATCH)(leaves)

        number = over_lanes(of_lane, self.shared, self.params)
        return self._register(number, operands.registers[0])

    def _apply(
        self, primitive: Primitive, form: str, operands: Operands
    ) -> Float[Array, "lanes width"]:
        """A primitive that works on tensors as such, or on the whole model."""
        registers, numbers, args, at = operands
        values: list[Any] = []
        for i, (file, kind) in enumerate(zip(form, primitive.signature.params, strict=True)):
            place = args[at, i]
            if file == EITHER:
                known = jnp.minimum(place, len(numbers) - 1)
                held = jnp.maximum(place, len(numbers)) - len(numbers)
                number = jnp.where(place < len(numbers), numbers[known], registers[held][:, 0])
                values.append(number)
            else:
                values.append(self._parts(registers[place], kind or Kind.TENSOR))

        def of_lane(shared: Any, own: tuple[list[Array], list[Any]]) -> Any:
            made = self._of_lane(primitive, shared, *own)
            if not isinstance(made, list):
                return made
            reduced = primitive.signature.result is Kind.SCALAR
            shapes = [()] * len(made) if reduced else self.layout.shapes
            return [jnp.broadcast_to(leaf, shape) for leaf, shape in zip(made, shapes, strict=True)]

        made = over_lanes(of_lane, self.shared, (self.params, values))
        return self._register(made, registers[0])

    def _parts(
        self, register: Float[Array, "lanes width"], kind: Kind
    ) -> list[Float[Array, "lanes ..."]]:
        """The arrays of `kind` for each tensor, of values that repeat themselves in a register."""
        assert kind.shape is not None
        parts = []
        for part, shape in zip(self.layout.split(register), self.layout.shapes, strict=True):
            own = kind.shape(shape)
            if own != shape:
                kept = own or (1,) * len(shape)
                part = part[:, *(slice(size) for size in kept)].reshape(-1, *own)
            parts.append(part)
        return parts

    def _register(
        self, made: Any, like: Float[Array, "lanes width"]
    ) -> Float[Array, "lanes width"]:
        """The values of the lanes, a number, one per tensor or tensors, as a register."""
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
        place = jnp.arange(like.shape[-1])
        register = jnp.broadcast_to(made[0][:, None], like.shape)
        for begin, number in zip(np.cumsum(self.layout.sizes), made[1:], strict=False):
            register = jnp.where(place >= begin, number[:, None], register)
        return register.astype(like.dtype)

    def _of_lane(
        self, primitive: Primitive, shared: Any, params: list[Array], values: list[Any]
    ) -> Any:
        if primitive.scope is Scope.STEP:
            return primitive.meaning(self.step_of(shared, params), *values)
        if primitive.scope is Scope.MODEL:
            return primitive.meaning(NAMESPACE, *values)
        count = len(self.layout.shapes)
        rows = [arg if isinstance(arg, list) else [arg] * count for arg in values]
        return [primitive.meaning(NAMESPACE, *row) for row in zip(*rows, strict=True)]
