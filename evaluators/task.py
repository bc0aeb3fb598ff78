"""The contract of a proxy task: a small training problem as data and pure functions.

Parameters and examples are prepared in numpy, outside of any compiled function, and passed to the
training loop as arguments: a loop that closes over its arrays, or initialises and samples inside,
takes several times as long to compile.
"""

import functools
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

import jax
import numpy as np
from jax import Array
from jaxtyping import Float, Int, Int32, Key

from dsl.program import Program
from evaluators.catalogue import Best
from evaluators.data.integrity import checksum
from evaluators.errors import BadData

Params: TypeAlias = Any
"""A pytree of float32 arrays."""


class Data(NamedTuple):
    """The examples of a task, each part a pytree of read-only numpy arrays."""

    train: Any
    validation: Any


class OutsideRuns(NamedTuple):
    """Runs of a program that somebody else trains: one for each seed."""

    task: str
    program: Program
    """With the rate of the runs as its default."""
    steps: int
    """The horizon, which the program reads as `T`."""
    checkpoints: tuple[int, ...]
    """The steps after which the validation loss counts, the horizon and one a little past it among
    them."""
    seeds: tuple[int, ...]


Losses: TypeAlias = Sequence[float]
"""At the checkpoints of a run; NaN where it has none."""


@dataclass(frozen=True, eq=False)
class Task:
    """A training problem; everything random about it comes from the generators passed in.

    `loss` and `validate` are pure JAX, may be jitted, mapped and differentiated twice, compute in
    the dtype of the parameters, and give NaN or infinity when any parameter is not finite. What
    they cost does not depend on values.
    """

    name: str
    summary: str
    """One line for people: model, size, data."""
    dataset: str
    """The data set by name; no two suites share a pair of data set and model."""
    model: str
    """The model by name."""
    horizon: int
    """Training steps of a full evaluation."""
    init: Callable[[np.random.Generator], Params]
    """Fresh parameters, in numpy."""
    load: Callable[[], Data]
    """The examples, unchecked; the same object at every call. `data` checks them."""
    order: Callable[[np.random.Generator, int], Int32[np.ndarray, "steps batch"]]
    """(rng, steps) -> the training examples of each step.

    A longer order begins with the shorter one drawn from an equal generator.
    """
    loss: Callable[[Params, Data, Int[Array, " batch"]], Float[Array, ""]]
    """(params, data, index) -> mean loss of those training examples: nats where labels or symbols
    are predicted, the square of the targets' unit where numbers are."""
    validate: Callable[[Params, Data], Float[Array, ""]]
    """(params, data) -> mean loss of all validation examples, in the unit of `loss`."""
    untrained: float
    """Validation loss of fresh parameters, to about a tenth."""
    floor: float
    """The lowest honest validation loss; one below it is a bug report, not a record."""
    floor_from: str
    """The reason for the floor, in words."""
    best: Best
    """The best loss that a tuned rule is known to reach at the horizon."""
    flops: int
    """Floating-point operations of one gradient, as `evaluators.cost` counts them."""
    digest: str | None
    """The checksum that the examples must have; None if they were never measured."""
    find_floor: Callable[[Data], float] | None = None
    """(data) -> the floor, where it has to be found in the examples; None where `floor` is known
    without them."""
    sampled: (
        Callable[[Params, Data, Int[Array, " batch"], Key[Array, ""]], Float[Array, ""]] | None
    ) = None
    """(params, data, index, key) -> mean loss of those examples with labels drawn from the model's
    own outputs, which no derivative goes through; None if the model cannot draw labels."""
    outputs: (
        Callable[
            [Params, Data, Int[Array, " batch"]], tuple[Any, Callable[[Any], Float[Array, ""]]]
        ]
        | None
    ) = None
    """(params, data, index) -> the model's outputs on those examples, and the function of outputs
    that is their mean loss; None if the loss is not a function of outputs."""

    definition: Callable[[], str] | None = None
    """A digest of all that the task computes, for one of a user's own, which may change while its
    name and examples stay; None for ours, which change with the code."""

    outside: "Callable[[Sequence[OutsideRuns]], Sequence[Sequence[Losses]]] | None" = None
    """(runs) -> for each of them, by seed, the validation losses at its checkpoints: trains outside
    of Stepsmith, in any library; None for a task that is trained by its functions here."""

    def examples(self) -> int:
        """The number of training examples: the rows of the last part of `train`, which holds the
        targets where there are any."""
        return len(jax.tree.leaves(self.data().train)[-1])

    def data(self) -> Data:
        """The examples; loaded and checked at the first call, the same object at every later one.

        Raises BadData if they cannot be loaded or are not those that the task states.
        """
        return _checked(self)

    def checksum(self) -> str:
        """Hex digest of the examples; tells apart data that differ by library or Python version,
        and a user's own tasks by all that they compute."""
        return checksum(self.data()) if self.definition is None else self.definition()

    def parameters(self) -> int:
        """The numbers that a model has; loads no data."""
        leaves = jax.tree.leaves(self.init(np.random.Generator(np.random.PCG64(0))))
        return sum(leaf.size for leaf in leaves)


@functools.cache
def _checked(task: Task) -> Data:
    try:
        data = task.load()
    except (ImportError, OSError, LookupError) as error:
        raise BadData(
            task.name,
            met=f"{type(error).__name__}: {error}",
            wanted=f"the data set {task.dataset}",
            help="install Stepsmith anew with its dependencies, in an environment of its own",
        ) from error
    met = checksum(data)
    if task.digest not in (None, met):
        raise BadData(
            task.name,
            met=f"data with the checksum {met}",
            wanted=f"the data set {task.dataset} with the checksum {task.digest}",
            help="install the library that the data come from anew, in the version that "
            "constraints.txt names; losses on other data cannot be compared",
        )
    return data


class Prepared(NamedTuple):
    """The arguments of a training loop over several seeds; numpy throughout."""

    params: Params
    """A tree of float32 arrays [seeds, ...]."""
    data: Data
    """Shared by all seeds."""
    order: Int32[np.ndarray, "seeds steps batch"]


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
