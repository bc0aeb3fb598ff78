"""What a proxy task is: a small training problem as data and pure functions.

Parameters and examples are prepared in numpy, outside of any compiled function, and passed to the
training loop as arguments: a loop that closes over its arrays, or initialises and samples inside,
takes several times as long to compile.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import jax
import numpy as np
from jax import Array

from evaluators.data.checksum import checksum

Params: TypeAlias = Any
"""A pytree of float32 arrays."""


class Data(NamedTuple):
    """The examples of a task, each part a pytree of read-only numpy arrays."""

    train: Any
    validation: Any


@dataclass(frozen=True)
class Task:
    """A training problem; everything random about it comes from the generators passed in.

    `loss` and `validate` are pure JAX, may be jitted, mapped and differentiated twice, compute in
    the dtype of the parameters, and give NaN or infinity when any parameter is not finite.
    """

    name: str
    summary: str
    """One line for people: data, model, size."""
    horizon: int
    """Training steps of a full evaluation."""
    init: Callable[[np.random.Generator], Params]
    """Fresh parameters, in numpy."""
    data: Callable[[], Data]
    """The examples; loaded at the first call, the same object at every later one."""
    order: Callable[[np.random.Generator, int], np.ndarray]
    """(rng, steps) -> int32 [steps, batch]: the training examples of each step.

    A longer order begins with the shorter one drawn from an equal generator.
    """
    loss: Callable[[Params, Data, Array], Array]
    """(params, data, index [batch]) -> mean loss of those training examples, a scalar in nats."""
    validate: Callable[[Params, Data], Array]
    """(params, data) -> mean loss of all validation examples, a scalar in nats."""
    untrained: float
    """Validation loss of fresh parameters, to about a tenth; what no program should stay above."""
    floor: float
    """No honest validation loss lies below this; one that does is a bug report, not a record."""
    sampled: Callable[[Params, Data, Array, Array], Array] | None = None
    """(params, data, index [batch], key) -> mean loss of those examples with labels drawn from the
    model's own outputs, which no derivative goes through; None if the model draws none."""

    def checksum(self) -> str:
        """Hex digest of the examples; tells apart data that differ by library or Python version."""
        return checksum(self.data())


class Prepared(NamedTuple):
    """What a training loop over several seeds takes as arguments; numpy throughout."""

    params: Params
    """Leaves [seeds, ...], float32."""
    data: Data
    """Shared by all seeds."""
    order: np.ndarray
    """int32 [seeds, steps, batch]."""


def prepare(task: Task, seeds: Sequence[int], steps: int) -> Prepared:
    """Initial parameters, examples and batch order of `steps` training steps, for each seed.

    A seed (>= 0) means the same parameters and order in any company and on every machine; for
    more steps the order goes on where that for fewer ends.
    """
    params, orders = [], []
    for seed in seeds:
        for_init, for_order = _generators(task.name, seed)
        params.append(task.init(for_init))
        orders.append(task.order(for_order, steps))
    stacked = jax.tree.map(lambda *leaves: np.stack(leaves), *params)
    return Prepared(stacked, task.data(), np.stack(orders))


def _generators(name: str, seed: int) -> list[np.random.Generator]:
    """Two independent streams, for parameters and for order, that no other task shares."""
    number = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big")
    children = np.random.SeedSequence([seed, number]).spawn(2)
    return [np.random.Generator(np.random.PCG64(child)) for child in children]
