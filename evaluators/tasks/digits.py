"""Handwritten digits classified by a small multilayer perceptron."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.data import digits
from evaluators.data.frozen import frozen
from evaluators.data.order import epochs
from evaluators.registry import register
from evaluators.task import Best, Data, Params, Task
from evaluators.tasks._losses import cross_entropy, nan_unless_finite

PIXELS, HIDDEN, CLASSES = 64, 32, 10
BATCH = 64


def _init(rng: np.random.Generator) -> Params:
    """He initialisation; the output layer starts at a third of it, so all classes look alike."""
    return {
        "hidden": {
            "w": rng.normal(0, np.sqrt(2 / PIXELS), (PIXELS, HIDDEN)).astype(np.float32),
            "b": np.zeros(HIDDEN, np.float32),
        },
        "output": {
            "w": rng.normal(0, np.sqrt(2 / HIDDEN) / 3, (HIDDEN, CLASSES)).astype(np.float32),
            "b": np.zeros(CLASSES, np.float32),
        },
    }


@functools.cache
def _data() -> Data:
    """Two `Digits`."""
    return frozen(Data(*digits.load()))


def _order(rng: np.random.Generator, steps: int) -> np.ndarray:
    return epochs(rng, len(_data().train.labels), BATCH, steps)


def _logits(params: Params, pixels: Array) -> Array:
    """Pixels [examples, 64] -> logits [examples, 10]."""
    hidden, output = params["hidden"], params["output"]
    x = jnp.asarray(pixels, hidden["w"].dtype)
    x = jax.nn.relu(x @ hidden["w"] + hidden["b"][None])
    return x @ output["w"] + output["b"][None]


def _loss(params: Params, data: Data, index: Array) -> Array:
    pixels, labels = jnp.asarray(data.train.pixels)[index], jnp.asarray(data.train.labels)[index]
    return cross_entropy(_logits(params, pixels), labels) + nan_unless_finite(params)


def _validate(params: Params, data: Data) -> Array:
    logits = _logits(params, data.validation.pixels)
    return cross_entropy(logits, data.validation.labels) + nan_unless_finite(params)


DIGITS = register(
    Task(
        name="digits",
        summary="MLP 64-32-10 (2,410 parameters) on scikit-learn's 8x8 handwritten digits",
        dataset="digits",
        model="relu_mlp",
        horizon=300,
        init=_init,
        load=_data,
        order=_order,
        loss=_loss,
        validate=_validate,
        untrained=float(np.log(CLASSES)),
        floor=0.02,
        best=Best(
            0.1066, "nadamw", {"lr": 0.01581, "b1": 0.9, "b2": 0.998, "eps": 1e-08, "wd": 0.0004}
        ),
        flops=670_407,
        digest="0a33c7e7d20c48383cea76ad0f307687",
    )
)
