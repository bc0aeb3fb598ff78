"""The registers: how a model lies in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

PARAMETERS, GRADIENT, FIRST = 0, 1, 2
"""Registers with a fixed use; slots and temporaries follow."""


class DoesNotFit(ValueError):
    """A program too large for the machine, or with a primitive that it does not carry."""


@dataclass(frozen=True)
class Layout:
    """The places of the parameter tensors in a register: flat, one after the other."""

    shapes: tuple[tuple[int, ...], ...]

    @staticmethod
    def of(leaves: Sequence[Any]) -> "Layout":
        """The layout of arrays, or of anything with a shape."""
        return Layout(tuple(tuple(leaf.shape) for leaf in leaves))

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Entries of each tensor."""
        return tuple(int(np.prod(shape, dtype=int)) for shape in self.shapes)

    @cached_property
    def size(self) -> int:
        """Entries of the whole model."""
        return sum(self.sizes)

    def split(self, flat: Float[Array, "*rows width"]) -> list[Float[Array, "..."]]:
        """Registers as one array [*rows, *shape] per tensor."""
        ends = np.cumsum(self.sizes)
        return [
            flat[..., end - size : end].reshape(*flat.shape[:-1], *shape)
            for end, size, shape in zip(ends, self.sizes, self.shapes, strict=True)
        ]

    def write(
        self,
        registers: Float[Array, "registers lanes width"],
        row: int,
        leaves: Sequence[Float[Array, "lanes ..."]],
    ) -> Float[Array, "registers lanes width"]:
        """`registers` with one array [lanes, *shape] per tensor in `row`.

        Piece by piece: XLA turns a concatenation into a slow loop with a test per entry.
        """
        at = 0
        for leaf, size in zip(leaves, self.sizes, strict=True):
            piece = jnp.reshape(leaf, (1, -1, size)).astype(registers.dtype)
            registers = jax.lax.dynamic_update_slice(registers, piece, (row, 0, at))
            at += size
        return registers
