"""A layer of tanh that reads a tensor of each rank at once, with another batch on every step."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from dsl.shapes import Leaves

_BATCHES, _ROWS = 5, 8


@dataclass(frozen=True, eq=False)
class Look:
    """A model in words and numbers.

    `shapes` are those of the parameter tensor of each rank, `scale` is a factor of the loss, `seed`
    draws the rest. In a `sparse` model some entries of every gradient are 0, others on the first
    batches.
    """

    words: str
    shapes: Mapping[int, tuple[int, ...]]
    scale: float = 2.0
    seed: int = 0
    sparse: bool = False


FIRST = Look("the model", {0: (), 1: (3,), 2: (3, 4), 3: (2, 2, 3), 4: (2, 3, 2, 2)})
"""The model that every comparison begins with."""

_TALL = {0: (), 1: (5,), 2: (5, 3), 3: (3, 4, 2), 4: (2, 2, 3, 3)}

SECOND = Look("a second model", _TALL, seed=1)
"""The model of other shapes and numbers that every pair of equal rules is tried on too."""

FURTHER = (
    Look("a model with large gradients", _TALL, scale=100.0, seed=2),
    Look("a model with small gradients", _TALL, scale=0.02, seed=3),
    Look("a model with zeros in its gradients", _TALL, seed=4, sparse=True),
)
"""The models for conditions that neither of these two meets."""

SHAPES = FIRST.shapes
"""The shape of the parameter tensor of each rank."""


@lru_cache(maxsize=32)
def small_model(ranks: tuple[int, ...], dtype: str, look: Look) -> "SmallModel":
    """The model of a look: one for all that train it, since its gradient is compiled."""
    return SmallModel(ranks, dtype, look)


class SmallModel:
    """Parameters of some ranks, their batches, and the loss; the same ones every time."""

    def __init__(self, ranks: Sequence[int], dtype: str, look: Look = FIRST):
        self.ranks = tuple(ranks)
        self.dtype = dtype
        self.scale = look.scale
        rng = np.random.Generator(np.random.PCG64(look.seed))
        leaves = {rank: rng.uniform(-0.8, 0.8, shape) for rank, shape in look.shapes.items()}
        self._start = [np.asarray(leaves[rank], dtype) for rank in self.ranks]
        size = sum(math.prod(look.shapes[rank]) for rank in self.ranks)
        self._features = rng.normal(0, 0.5, (_BATCHES, _ROWS, size)).astype(dtype)
        if look.sparse:
            self._features[:, :, ::3] = 0
            self._features[:2, :, 1::3] = 0
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
