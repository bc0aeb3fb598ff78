"""Tasks that predict targets from inputs: all but their data, model and criterion is the same."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.data.examples import Examples
from evaluators.data.frozen import frozen
from evaluators.data.order import epochs
from evaluators.task import Data, Params, Task
from evaluators.tasks._losses import nan_unless_finite


def supervised(
    *,
    load: Callable[[], tuple[Examples, Examples]],
    predict: Callable[[Params, Array], Array],
    criterion: Callable[[Array, Array], Array],
    batch: int,
    order: Callable[[np.random.Generator, Examples, int], np.ndarray] | None = None,
    irreducible: float = 0.0,
    **stated: Any,
) -> Task:
    """A task on `Examples`.

    **Arguments:** `load`: training and validation examples. `predict`: (params, inputs
    [batch, ...]) -> outputs, in the dtype of the parameters. `criterion`: (outputs, targets) ->
    mean loss. `order`: (rng, training examples, steps) -> int32 [steps, batch]; epochs in random
    order if None. `irreducible`: the loss that noise would add to that on the validation
    examples, which have none. `stated`: the other fields of `Task`.
    """

    @functools.cache
    def data() -> Data:
        return frozen(Data(*load()))

    def draw(rng: np.random.Generator, steps: int) -> np.ndarray:
        train = data().train
        if order is not None:
            return order(rng, train, steps)
        return epochs(rng, len(train.inputs), batch, steps)

    def mean_loss(params: Params, inputs: Array, targets: Array) -> Array:
        dtype = jax.tree.leaves(params)[0].dtype
        outputs = predict(params, _floats_as(dtype, inputs))
        return criterion(outputs, _floats_as(dtype, targets)) + nan_unless_finite(params)

    def loss(params: Params, data: Data, index: Array) -> Array:
        inputs, targets = (jnp.asarray(part)[index] for part in data.train)
        return mean_loss(params, inputs, targets)

    def outputs(params: Params, data: Data, index: Array) -> tuple[Array, Callable[[Array], Array]]:
        dtype = jax.tree.leaves(params)[0].dtype
        inputs, targets = (_floats_as(dtype, jnp.asarray(part)[index]) for part in data.train)
        made = predict(params, inputs)
        return made, lambda made: criterion(made, targets) + nan_unless_finite(params)

    def validate(params: Params, data: Data) -> Array:
        return mean_loss(params, *map(jnp.asarray, data.validation)) + irreducible

    return Task(load=data, order=draw, loss=loss, outputs=outputs, validate=validate, **stated)


def _floats_as(dtype: Any, array: Array) -> Array:
    return array.astype(dtype) if jnp.issubdtype(array.dtype, jnp.floating) else array
