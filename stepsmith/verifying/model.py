"""A layer of tanh that reads a tensor of each rank at once, with another batch on every step."""

import math
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from dsl.shapes import Leaves

SHAPES = {0: (), 1: (3,), 2: (3, 4), 3: (2, 2, 3), 4: (2, 3, 2, 2)}
"""The shape of the parameter tensor of each rank."""

_BATCHES, _ROWS = 5, 8


class SmallModel:
    """Parameters of some ranks, their batches, and the loss; the same ones every time."""

    def __init__(self, ranks: Sequence[int], dtype: str):
        self.ranks = tuple(ranks)
        self.dtype = dtype
        self.scale = 2.0
        rng = np.random.Generator(np.random.PCG64(0))
        leaves = {rank: rng.uniform(-0.8, 0.8, shape) for rank, shape in SHAPES.items()}
        self._start = [np.asarray(leaves[rank], dtype) for rank in self.ranks]
        size = sum(math.prod(SHAPES[rank]) for rank in self.ranks)
        self._features = rng.normal(0, 0.5, (_BATCHES, _ROWS, size)).astype(dtype)
        self._targets = rng.uniform(-0.9, 0.9, (_BATCHES, _ROWS)).astype(dtype)
        self._gradient = jax.jit(jax.value_and_grad(self.loss))

    def start(self) -> Leaves:
        """The parameters before the first step."""
        return [leaf.copy() for leaf in self._start]

    def loss(self, leaves: Any, batch: Any) -> Any:
        """The loss on one batch; smooth, with every tensor in every term."""
        features, targets = batch
        flat = jnp.concatenate([jnp.ravel(leaf) for leaf in leaves])
        return self.scale * jnp.mean(jnp.square(jnp.tanh(features @ flat) - targets))

    def batch(
        self, count: int
    ) -> tuple[Float[np.ndarray, "rows entries"], Float[np.ndarray, " rows"]]:
        """Features and targets of the step after `count` steps."""
        return self._features[count % _BATCHES], self._targets[count % _BATCHES]

    def value_and_gradient(
        self, leaves: Sequence[Any], count: int
    ) -> tuple[Float[np.ndarray, ""], Leaves]:
        """Loss and gradient at `leaves` on the batch of a step, fresh arrays."""
        value, gradient = self._gradient(leaves, self.batch(count))
        return np.array(value), [np.array(leaf) for leaf in gradient]
