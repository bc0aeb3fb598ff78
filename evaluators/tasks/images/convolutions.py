"""Small convolutional networks: on the squares of digits, and along the lines of signals."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.data.digits import DIGITS
from evaluators.data.signals import LENGTH, SIGNALS
from evaluators.registry import register
from evaluators.task import Params
from evaluators.tasks import _layers as layers
from evaluators.tasks._losses import CROSS_ENTROPY
from evaluators.tasks._supervised import Model, supervised

CLASSES = 10


class Convolution(NamedTuple):
    """A layer, and what is done around it."""

    channels: int
    width: int
    """Of the kernel, along every axis."""
    stride: int = 1
    zeros: int = 0
    """Places beyond every edge."""
    pool: int = 1
    """The width of the blocks, along every axis, that are averaged after the activation."""

    def leaves(self, length: int) -> int:
        """The places along an axis that are made from `length` places."""
        return ((length + 2 * self.zeros - self.width) // self.stride + 1) // self.pool


def network(
    name: str, shape: tuple[int, ...], convolutions: Sequence[Convolution], last: float
) -> Model:
    """Convolutions, silu after each, and a dense layer of gain `last` on top.

    **Arguments:** `shape`: of an input, whose numbers are given in a row.
    """
    seen = shape
    for convolution in convolutions:
        seen = tuple(convolution.leaves(length) for length in seen)

    def init(rng: np.random.Generator) -> Params:
        made, channels = [], 1
        for layer in convolutions:
            kernel = (layer.width,) * len(shape)
            made.append(layers.convolution(rng, *kernel, channels, layer.channels, gain=1.4))
            channels = layer.channels
        output = layers.dense(rng, channels * math.prod(seen), CLASSES, gain=last)
        return {"convolutions": made, "output": output}

    def predict(params: Params, inputs: Array) -> Array:
        x = jnp.moveaxis(inputs.reshape(-1, 1, *shape), 0, -1)
        for layer, of in zip(params["convolutions"], convolutions, strict=True):
            x = layers.apply_convolution(layer, layers.pad(x, of.zeros), of.stride)
            x = layers.pool(jax.nn.silu(x), of.pool)
        return layers.on_columns(params["output"], layers.flat(x)).T

    return Model(name, init, predict)


register(
    supervised(
        DIGITS,
        network(
            "conv_2d",
            (8, 8),
            (Convolution(8, width=2, stride=2), Convolution(16, width=3)),
            last=0.5,
        ),
        CROSS_ENTROPY,
        name="digits_conv",
        summary="Convolutions of blocks, then of neighbours, and a dense layer (1,858 parameters) "
        "on scikit-learn's digits",
        batch=16,
        horizon=200,
        untrained=float(np.log(CLASSES)),
    )
)
register(
    supervised(
        SIGNALS,
        network(
            "conv_1d",
            (LENGTH,),
            [Convolution(channels, width=5, zeros=2, pool=2) for channels in (12, 16, 16)],
            last=0.3,
        ),
        CROSS_ENTROPY,
        name="signals_conv",
        summary="Three convolutions (3,154 parameters) on generated signals like MNIST-1D's",
        batch=16,
        horizon=300,
        untrained=float(np.log(CLASSES)),
    )
)
