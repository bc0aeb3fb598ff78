"""Instructions that work entry by entry: a tile of every register at a time.

A tile of all registers in use stays in the cache next to the core while the instructions of a
stretch run over it; passes over whole registers would each wait for the cache beyond. On a CPU the
loop over tiles and instructions becomes one function of machine code under `dsl.lazy.XLA_FLAGS`; an
instruction costs some twenty nanoseconds then, beside the entries.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Float, Int

from dsl.run.machine.opcodes import REGISTER, Opcode, Operands
from dsl.run.machine.tape import Tape
from dsl.run.namespace import NAMESPACE

TILE = 1536
"""Entries of a tile, at most. A product costs 0.11 ns an entry in tiles of 1,200, half as much
again in tiles of 128 or 5,000, and twice as much over whole registers (AMD EPYC, 32 KiB of first
cache)."""

VECTOR = 16
"""Tiles are as long as a multiple of this, so that no entry is left beside the vectors."""


class Tiling(NamedTuple):
    """The cut of registers [lanes, size] into tiles: of several whole lanes, or of one lane in
    pieces, for which registers are a little longer than the model."""

    lanes: int
    """Of a tile."""
    entries: int
    """Of a lane in a tile."""
    pieces: int
    """Tiles that a lane is cut into."""

    @staticmethod
    def of(lanes: int, size: int) -> "Tiling":
        """The tiles for `lanes` lanes of a model with `size` entries."""
        if jax.default_backend() != "cpu":
            return Tiling(lanes, size, 1)
        if size <= TILE:
            fitting = [n for n in range(1, lanes + 1) if lanes % n == 0 and n * size <= TILE]
            return Tiling(fitting[-1], size, 1)
        pieces = -(-size // TILE)
        even = -(-size // pieces)
        return Tiling(1, -(-even // VECTOR) * VECTOR, pieces)

    @property
    def width(self) -> int:
        """Entries of a lane of a register."""
        return self.entries * self.pieces


class Entrywise:
    """The branches of entrywise opcodes."""

    def __init__(self, opcodes: Sequence[Opcode], tiling: Tiling):
        self.tiling = tiling
        self.branches = [self._branch(op) for op in opcodes]

    def run(
        self,
        tape: Tape,
        begin: Int[Array, ""],
        end: Int[Array, ""],
        numbers: Float[Array, " numbers #lanes"],
        registers: Float[Array, "registers lanes width"],
    ) -> Float[Array, "registers lanes width"]:
        """Instructions `begin` .. `end` of the tape, all entrywise; the registers after them."""
        lanes, entries, pieces = self.tiling

        def tile(number: Array, registers: Array) -> Array:
            lane, entry = number // pieces * lanes, number % pieces * entries

            def instruction(at: Array, registers: Array) -> Array:
                operands = Operands(registers, numbers, tape.args, at)
                made = lax.switch(tape.op[at], self.branches, operands, lane, entry)
                place = (tape.to[at].astype(jnp.int32), lane, entry)
                return lax.dynamic_update_slice(registers, made[None], place)

            return lax.fori_loop(begin, end, instruction, registers)

        tiles = registers.shape[1] // lanes * pieces
        return lax.fori_loop(jnp.int32(0), jnp.int32(tiles), tile, registers)

    def _branch(self, op: Opcode) -> Callable[[Operands, Array, Array], Array]:
        """(operands, first lane, first entry) -> the tile that is made."""

        def branch(
            operands: Operands, lane: Int[Array, ""], entry: Int[Array, ""]
        ) -> Float[Array, "lanes entries"]:
            values = [
                self._tile(operands, i, lane, entry)
                if file == REGISTER
                else self._number(operands, i, lane)
                for i, file in enumerate(op.form)
            ]
            made = op.does.meaning(NAMESPACE, *values) if op.does else values[0]
            shape = (self.tiling.lanes, self.tiling.entries)
            return jnp.broadcast_to(made, shape).astype(operands.registers.dtype)

        return branch

    def _tile(
        self, operands: Operands, position: int, lane: Int[Array, ""], entry: Int[Array, ""]
    ) -> Float[Array, "lanes entries"]:
        place = operands.args[operands.at, position].astype(jnp.int32)
        shape = (1, self.tiling.lanes, self.tiling.entries)
        return lax.dynamic_slice(operands.registers, (place, lane, entry), shape)[0]

    def _number(
        self, operands: Operands, position: int, lane: Int[Array, ""]
    ) -> Float[Array, "#lanes 1"]:
        """A number for each lane of the tile, or one if it is the same for all."""
        place = operands.args[operands.at, position].astype(jnp.int32)
        if operands.numbers.shape[1] == 1:
            return operands.numbers[place][:, None]
        shape = (1, self.tiling.lanes)
        return lax.dynamic_slice(operands.numbers, (place, lane), shape)[0][:, None]
