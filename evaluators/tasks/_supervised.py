"""Tasks that predict targets from inputs: a data set, a model and a loss."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import Array
from jaxtyping import Float, Key, Shaped

from evaluators.data.examples import DataSet
from evaluators.task import Data, Params, Task
from evaluators.tasks import _layers as layers
from evaluators.tasks._examples import Index, in_dtype_of, on_examples, rows
from evaluators.tasks._losses import Loss, Outputs, Targets, nan_unless_finite

Inputs = Shaped[Array, "examples ..."]


class Model(NamedTuple):
    """The function that is fitted to the examples, and its initial parameters."""

    name: str
    init: Callable[[np.random.Generator], Params]
    """Fresh parameters, in numpy."""
    predict: Callable[[Params, Inputs], Outputs]
    """(params, inputs) -> outputs, in the dtype of the parameters."""


def mlp(
    name: str,
    sizes: tuple[int, ...],
    activation: layers.Activation,
    gain: float = 1.4,
    last: float = 0.3,
) -> Model:
    """Dense layers between those sizes, the gain of the last one smaller."""
    return Model(
        name,
        lambda rng: layers.mlp(rng, sizes, gain, last),
        lambda params, x: layers.apply_mlp(params, x, activation),
    )


def matrices(
    name: str,
    sizes: tuple[int, ...],
    activation: layers.Activation = lambda x: x,
    gain: float = 1.4,
    last: float = 0.3,
) -> Model:
    """As `mlp` without biases: a rule that is meant for matrices finds nothing else."""
    return Model(
        name,
        lambda rng: layers.matrices(rng, sizes, gain, last),
        lambda params, x: layers.apply_matrices(params, x, activation),
    )


def linear(name: str, inputs: int, outputs: int, gain: float) -> Model:
    """One dense layer."""
    return Model(name, lambda rng: layers.dense(rng, inputs, outputs, gain), layers.read_out)


def supervised(
    data: DataSet,
    model: Model,
    loss: Loss,
    *,
    pairs: Callable[[Any], tuple[Inputs, Targets]] = tuple,
    floor: float | Callable[[Data], float] = 0.0,
    floor_from: str = "trivial: the loss is not negative",
    **stated: Any,
) -> Task:
    """A task on inputs with targets.

    **Arguments:** `pairs`: examples -> inputs, targets; by default an example has these two parts.
    `floor`: 0 by default, since none of the losses is negative. `stated`: the other arguments of
    `on_examples` and fields of `Task`.
    """

    def mean_loss(params: Params, examples: Any) -> Float[Array, ""]:
        inputs, targets = pairs(examples)
        return loss.mean(model.predict(params, inputs), targets)

    def made(params: Params, data: Data, index: Index) -> tuple[Outputs, Targets]:
        inputs, targets = pairs(in_dtype_of(params, rows(data.train, index)))
        return model.predict(params, inputs), targets

    def outputs(
        params: Params, data: Data, index: Index
    ) -> tuple[Outputs, Callable[[Outputs], Float[Array, ""]]]:
        found, targets = made(params, data, index)
        return found, lambda outputs: loss.mean(outputs, targets) + nan_unless_finite(params)

    def sampled(params: Params, data: Data, index: Index, key: Key[Array, ""]) -> Float[Array, ""]:
        found, _ = made(params, data, index)
        drawn = loss.draw(key, jax.lax.stop_gradient(found))
        return loss.mean(found, drawn) + nan_unless_finite(params)

    return on_examples(
        data,
        mean_loss,
        model=model.name,
        init=model.init,
        outputs=outputs,
        sampled=sampled,
        floor=floor,
        floor_from=floor_from,
        **stated,
    )
