"""Tasks whose loss is a mean over examples: what is the same for all of them is here."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, Int, Int32

from evaluators import catalogue
from evaluators.data.examples import DataSet, epochs
from evaluators.data.integrity import frozen
from evaluators.task import Data, Params, Task
from evaluators.tasks._losses import nan_unless_finite

Order = Callable[[np.random.Generator, Any, int], Int32[np.ndarray, "steps batch"]]
"""(rng, training examples, steps) -> the examples of each step."""
Index = Int[Array | np.ndarray, " batch"]
"""Numbers of training examples."""


def rows(train: Any, index: Index) -> Any:
    """Those rows of every array."""
    return jax.tree.map(lambda part: jnp.asarray(part)[index], train)


def on_examples(
    data: DataSet,
    mean_loss: Callable[[Params, Any], Float[Array, ""]],
    *,
    batch: int,
    validation_loss: Callable[[Params, Any], Float[Array, ""]] | None = None,
    take: Callable[[Any, Index], Any] = rows,
    order: Order | None = None,
    irreducible: float = 0.0,
    name: str,
    untrained: float | None = None,
    floor: float | Callable[[Data], float],
    **stated: Any,
) -> Task:
    """A task on a data set; the numbers that have to be measured come from the catalogue.

    **Arguments:** `mean_loss`: of (params, examples), the floats of the examples in the dtype of
    the parameters; `validation_loss` likewise, the same function if None. `take`:
    (training examples, index) -> those of a batch. `order`: epochs in random order if None.
    `irreducible`: the loss that noise would add to that on the validation examples, which have
    none. `untrained`: in closed form, measured if None. `floor`: a number, or a function that finds
    it in the examples. `stated`: the other fields of `Task`.
    """
    held_out_loss = validation_loss or mean_loss

    @functools.cache
    def load() -> Data:
        return frozen(Data(*data.load()))

    def draw(rng: np.random.Generator, steps: int) -> Int32[np.ndarray, "steps batch"]:
        train = load().train
        if order is not None:
            return order(rng, train, steps)
        return epochs(rng, len(jax.tree.leaves(train)[-1]), batch, steps)

    def loss(params: Params, data: Data, index: Index) -> Float[Array, ""]:
        examples = in_dtype_of(params, take(data.train, index))
        return mean_loss(params, examples) + nan_unless_finite(params)

    def validate(params: Params, data: Data) -> Float[Array, ""]:
        examples = in_dtype_of(params, jax.tree.map(jnp.asarray, data.validation))
        return held_out_loss(params, examples) + nan_unless_finite(params) + irreducible

    known = catalogue.measured(name)
    find_floor = floor if callable(floor) else None
    return Task(
        name=name,
        dataset=data.name,
        untrained=known.untrained if untrained is None else untrained,
        floor=known.floor if callable(floor) else floor,
        find_floor=find_floor,
        best=known.best,
        flops=known.flops,
        digest=known.checksum,
        load=load,
        order=draw,
        loss=loss,
        validate=validate,
        **stated,
    )


def in_dtype_of(params: Params, examples: Any) -> Any:
    """The examples with floats in the dtype of the parameters."""
    dtype = jax.tree.leaves(params)[0].dtype

    def cast(array: Array | np.ndarray) -> Array | np.ndarray:
        return array.astype(dtype) if jnp.issubdtype(array.dtype, jnp.floating) else array

    return jax.tree.map(cast, examples)
