"""Small convolutional networks: on the squares of digits, and along the lines of signals."""

import jax
import numpy as np
from jax import Array

from evaluators.data.digits import DIGITS
from evaluators.data.signals import LENGTH, SIGNALS
from evaluators.registry import register
from evaluators.task import Best, Params
from evaluators.tasks import _layers as layers
from evaluators.tasks._losses import CROSS_ENTROPY
from evaluators.tasks._supervised import Model, supervised

CLASSES = 10


def network(
    name: str, shape: tuple[int, ...], width: int, channels: tuple[int, ...], last: float
) -> Model:
    """Convolutions of a width, each followed by means over blocks of two along every axis, and a
    dense layer of gain `last` on top.

    **Arguments:** `shape`: of an input, whose numbers are given in a row. `channels`: of the
    convolutions.
    """
    kernel = (width,) * len(shape)
    pairs = list(zip((1, *channels[:-1]), channels, strict=True))
    seen = channels[-1] * int(np.prod([length >> len(channels) for length in shape]))

    def init(rng: np.random.Generator) -> Params:
        return {
            "convolutions": [layers.convolution(rng, *kernel, *pair, gain=1.4) for pair in pairs],
            "output": layers.dense(rng, seen, CLASSES, gain=last),
        }

    def predict(params: Params, inputs: Array) -> Array:
        x = inputs.reshape(-1, *shape, 1)
        for layer in params["convolutions"]:
            x = layers.pool(jax.nn.silu(layers.apply_convolution(layer, x)), 2)
        return layers.read_out(params["output"], x.reshape(len(x), -1))

    return Model(name, init, predict)


register(
    supervised(
        DIGITS,
        network("conv_2d", (8, 8), 3, (8, 16), last=0.5),
        CROSS_ENTROPY,
        name="digits_conv",
        summary="Two convolutions and a dense layer (1,898 parameters) on scikit-learn's digits",
        batch=16,
        horizon=200,
        untrained=float(np.log(CLASSES)),
        best=Best(
            0.1191,
            "adan",
            {"lr": 0.07997, "b1": 0.98, "b2": 0.68, "b3": 0.98, "eps": 1.6e-07, "wd": 0.0},
        ),
        flops=2_328_783,
    )
)
register(
    supervised(
        SIGNALS,
        network("conv_1d", (LENGTH,), 5, (12, 16, 16), last=0.3),
        CROSS_ENTROPY,
        name="signals_conv",
        summary="Three convolutions (3,154 parameters) on generated signals like MNIST-1D's",
        batch=16,
        horizon=300,
        untrained=float(np.log(CLASSES)),
        best=Best(
            0.3676,
            "adan",
            {"lr": 0.03542, "b1": 0.96, "b2": 0.92, "b3": 0.98, "eps": 1.563e-10, "wd": 0.0},
        ),
        flops=3_528_353,
    )
)
