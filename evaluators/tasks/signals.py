"""Deformed noisy lines told apart: what an MLP finds hard and a convolution along the line easy."""

import jax
import numpy as np
from jax import Array

from evaluators.data import signals
from evaluators.registry import register
from evaluators.task import Best, Params
from evaluators.tasks import _layers as layers
from evaluators.tasks._losses import cross_entropy
from evaluators.tasks._supervised import supervised

LENGTH, CLASSES = signals.LENGTH, signals.CLASSES
SIZES = (LENGTH, 64, 32, CLASSES)
CHANNELS = (1, 12, 16, 16)


def _init_convolutions(rng: np.random.Generator) -> Params:
    pairs = zip(CHANNELS[:-1], CHANNELS[1:], strict=True)
    return {
        "convolutions": [layers.convolution(rng, 5, *pair, gain=1.4) for pair in pairs],
        "output": layers.dense(rng, LENGTH // 8 * CHANNELS[-1], CLASSES, gain=0.3),
    }


def _convolve(params: Params, x: Array) -> Array:
    """Signals [examples, 40] -> logits [examples, 10]; half as long after every layer."""
    x = x[:, :, None]
    for layer in params["convolutions"]:
        x = layers.pool(jax.nn.silu(layers.apply_convolution(layer, x)), 2)
    return layers.apply_dense(params["output"], x.reshape(len(x), -1))


SIGNALS_MLP = register(
    supervised(
        name="signals_mlp",
        summary="MLP 40-64-32-10 with GELU (5,034 parameters) on generated signals like MNIST-1D's",
        dataset="signals",
        model="gelu_mlp",
        horizon=400,
        init=lambda rng: layers.mlp(rng, SIZES, gain=1.4, last=0.3),
        load=signals.load,
        predict=lambda params, x: layers.apply_mlp(params, x, jax.nn.gelu),
        criterion=cross_entropy,
        batch=32,
        untrained=float(np.log(CLASSES)),
        floor=0.02,
        best=Best(0.7056, "adamw", {"lr": 0.01, "b1": 0.9, "b2": 0.999, "eps": 1e-08, "wd": 0.01}),
        flops=871_231,
        digest="93de097fe8ccb234978cf49a6fd17eb1",
    )
)
SIGNALS_CONV = register(
    supervised(
        name="signals_conv",
        summary="Three convolutions (3,154 parameters) on generated signals like MNIST-1D's",
        dataset="signals",
        model="conv_1d",
        horizon=300,
        init=_init_convolutions,
        load=signals.load,
        predict=_convolve,
        criterion=cross_entropy,
        batch=16,
        untrained=float(np.log(CLASSES)),
        floor=0.01,
        best=Best(0.4614, "lion", {"lr": 0.006325, "b1": 0.8, "b2": 0.99, "wd": 0.0}),
        flops=3_528_353,
        digest="93de097fe8ccb234978cf49a6fd17eb1",
    )
)
