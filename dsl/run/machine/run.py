"""The machine: one compiled loop that obeys any code.

Each instruction is a `lax.switch` on a number that is the same for all lanes, so only the chosen
branch runs; branches take all registers and slice their operands inside, which lets XLA fuse the
slices with the operation. Lanes are an axis of the registers: under `vmap`, an update of one
register would become a scatter. The instructions of a step are taken in stretches: of such as work
entry by entry (`dsl.run.machine.elementwise`), and of all others (`dsl.run.machine.structured`).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jaxtyping import Bool, Float, Int, Key

from dsl.language.oracle import Source
from dsl.language.registry import PRIMITIVES
from dsl.language.sources import LOSS as OF_BATCH
from dsl.program import Program
from dsl.run.capacity import Capacity
from dsl.run.jax_step import JaxStep
from dsl.run.machine.elementwise import Entrywise, Tiling
from dsl.run.machine.encode import Encoded, encode
from dsl.run.machine.opcodes import opcodes, words_of
from dsl.run.machine.registers import GRADIENT, PARAMETERS, Layout
from dsl.run.machine.structured import Structured
from dsl.run.machine.tape import Tape, tape


class Machine:
    """Runs programs over `primitives` on models of one layout, in several lanes at once.

    **Arguments:** `layout`: of the parameters. `primitives`: names that programs may use, all of
    the language by default; oracles that ask for others than `sources`, the loss alone by default,
    are left out. `capacity`: the largest program. `dtype`: of the registers.
    """

    def __init__(
        self,
        layout: Layout,
        primitives: Sequence[str] | None = None,
        capacity: Capacity | None = None,
        dtype: Any = np.float32,
        sources: Collection[Source] = (OF_BATCH,),
    ):
        self.layout = layout
        wanted = PRIMITIVES if primitives is None else primitives
        self.primitives = tuple(
            sorted(name for name in words_of(wanted) if PRIMITIVES[name].asks in (None, *sources))
        )
        self.capacity = capacity or Capacity()
        self.dtype = dtype
        self._opcodes = opcodes(self.primitives)
        self._entrywise = sum(op.entrywise for op in self._opcodes)
        self._tree = jax.tree.structure([0] * len(layout.shapes))

    def encode(self, program: Program) -> Encoded:
        """The program as this machine's instructions; DoesNotFit if it cannot be."""
        return encode(program, self.primitives, self.capacity)

    def tape(
        self,
        encoded: Encoded,
        lr: Float[np.ndarray, " steps"] | Float[np.ndarray, "steps rates"],
        horizon: int | None = None,
    ) -> Tape:
        """The tape of a run of `len(lr)` steps; `lr` is the rate at each step, and `horizon` the
        input `T`, the number of steps if None."""
        return tape(encoded, lr, self.capacity, self.dtype, horizon)

    def registers(
        self, tape: Tape, params: Sequence[Float[Array, "lanes ..."]]
    ) -> Float[Array, "registers lanes width"]:
        """The registers before the first step; `params` holds an array per tensor."""
        lanes = len(params[0])
        width = Tiling.of(lanes, self.layout.size).width
        whole = self.layout.write(jnp.zeros((1, lanes, width), self.dtype), 0, params)[0]

        def start(register: Array, registers: Array) -> Array:
            offset, scale = tape.starts[register]
            return lax.dynamic_update_index_in_dim(registers, offset + scale * whole, register, 0)

        # one after the other, or `whole` would be put together again for every entry
        empty = jnp.zeros((self.capacity.registers, lanes, width), self.dtype)
        return lax.fori_loop(0, self.capacity.registers, start, empty)

    def step(
        self,
        tape: Tape,
        at: Int[Array, ""],
        registers: Float[Array, "registers lanes width"],
        params: Sequence[Float[Array, "lanes ..."]],
        gradient: Sequence[Float[Array, "lanes ..."]],
        functions: Callable[[Any], Mapping[str, Callable[..., Any]]],
        batch: Any = None,
        keys: Key[Array, " seeds"] | None = None,
    ) -> tuple[list[Float[Array, "lanes ..."]], Float[Array, "registers lanes width"]]:
        """One step of the program in every lane: new parameters and registers.

        **Arguments:** `at`: the number of steps before this one. `params`, `gradient`: an array per
        tensor. `functions(batch)`: what oracles of one lane ask, functions of its leaves by the
        argument of their source. `batch`: for each seed, a tree of arrays [seeds, ...]. `keys`: for
        noise.
        """
        registers = self.layout.write(registers, PARAMETERS, params)
        registers = self.layout.write(registers, GRADIENT, gradient)
        numbers = tape.numbers[at]
        count = (numbers[0, 0] - 1).astype(jnp.int32)
        if numbers.shape[1] > 1:
            numbers = jnp.tile(numbers, (1, len(params[0]) // numbers.shape[1]))

        def step_of(shared: tuple[Any, Array | None], leaves: list[Array]) -> JaxStep:
            batch, key = shared
            return JaxStep(self._tree, leaves, key, count, functions(batch))

        first = self._entrywise
        tiling = Tiling.of(len(params[0]), self.layout.size)
        entrywise = Entrywise(self._opcodes[:first], tiling)
        structured = Structured(
            self._opcodes[first:], first, step_of, (batch, keys), params, self.layout
        )
        begin, end = tape.spans[at]

        def two_stretches(state: tuple[Array, Array]) -> tuple[Array, Array]:
            """Instructions up to the next entrywise one, if any, then entrywise ones."""
            at, registers = state
            turn = jnp.where(tape.op[at] < first, at, jnp.minimum(tape.stretch[at], end))
            stop = jnp.minimum(tape.stretch[turn], end)
            registers = structured.run(tape, at, turn, numbers, registers)
            return stop, entrywise.run(tape, turn, stop, numbers, registers)

        _, registers = lax.while_loop(
            lambda state: state[0] < end, two_stretches, (begin, registers)
        )
        moves = self.layout.split(registers[tape.result])
        return [w - move for w, move in zip(params, moves, strict=True)], registers

    def evaluated(
        self,
        tape: Tape,
        registers: Float[Array, "registers lanes width"],
        params: Sequence[Float[Array, "lanes ..."]],
    ) -> list[Float[Array, "lanes ..."]]:
        """The point to evaluate in every lane, between steps: the parameters, or what the program
        says in place of them."""
        return lax.cond(
            self.has_point(tape),
            lambda: [
                point.astype(w.dtype)
                for w, point in zip(params, self.layout.split(registers[tape.point]), strict=True)
            ],
            lambda: list(params),
        )

    @staticmethod
    def has_point(tape: Tape) -> Bool[Array, ""]:
        """True if a program is evaluated elsewhere than at the parameters."""
        return tape.point != PARAMETERS
