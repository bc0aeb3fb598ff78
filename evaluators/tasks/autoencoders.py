"""Images through a narrow place and back: autoencoders of digits and of pieces of photographs."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.data import digits, photos
from evaluators.data.examples import Examples
from evaluators.registry import register
from evaluators.task import Best, Params
from evaluators.tasks import _layers as layers
from evaluators.tasks._losses import squared_error
from evaluators.tasks._supervised import supervised

SIZES = (64, 48, 12, 48, 64)
CHANNELS, CODE = 12, 16


def _digits() -> tuple[Examples, Examples]:
    """Pixels as inputs and targets alike, in standard deviations of all of them."""
    train, validation = digits.load()
    mean, spread = train.pixels.mean(), train.pixels.std()
    scaled = [((part.pixels - mean) / spread).astype(np.float32) for part in (train, validation)]
    return Examples(scaled[0], scaled[0]), Examples(scaled[1], scaled[1])


def _init_convolutions(rng: np.random.Generator) -> Params:
    return {
        "encode": layers.convolution(rng, 3, 3, 1, CHANNELS, gain=1.4),
        "narrow": layers.dense(rng, 16 * CHANNELS, CODE),
        "widen": layers.dense(rng, CODE, 64 * CHANNELS),
        "decode": layers.convolution(rng, 3, 3, CHANNELS, 1, gain=0.3),
    }


def _convolve(params: Params, x: Array) -> Array:
    """Patches [examples, 64] -> the same, through 16 numbers."""
    x = layers.apply_convolution(params["encode"], x.reshape(-1, 8, 8, 1))
    x = layers.pool(jax.nn.silu(x), 2).reshape(len(x), -1)
    x = layers.apply_dense(params["widen"], layers.apply_dense(params["narrow"], x))
    x = jax.nn.silu(x).reshape(-1, 8, 8, CHANNELS)
    return layers.apply_convolution(params["decode"], x).reshape(len(x), -1)


DIGITS = register(
    supervised(
        name="digits_autoencoder",
        summary="Autoencoder 64-48-12-48-64 with tanh (7,468 parameters) on scikit-learn's digits",
        dataset="digits",
        model="tanh_autoencoder",
        horizon=300,
        init=lambda rng: layers.mlp(rng, SIZES, gain=1.0, last=0.3),
        load=_digits,
        predict=lambda params, x: layers.apply_mlp(params, x, jnp.tanh),
        criterion=squared_error,
        batch=32,
        untrained=1.0,
        floor=0.05,
        best=Best(0.125, "adamw", {"lr": 0.01, "b1": 0.8, "b2": 0.999, "eps": 1e-08, "wd": 0.01}),
        flops=1_257_827,
        digest="221d3f4ebf7db1600e6f215dfa0c8fe5",
    )
)
PATCHES = register(
    supervised(
        name="patches_autoencoder",
        summary="Convolutional autoencoder (16,373 parameters) on pieces of two photographs",
        dataset="photo_patches",
        model="conv_autoencoder",
        horizon=300,
        init=_init_convolutions,
        load=photos.patches,
        predict=_convolve,
        criterion=squared_error,
        batch=16,
        untrained=1.03,
        floor=0.03,
        best=Best(0.3237, "adamw", {"lr": 0.01, "b1": 0.8, "b2": 0.999, "eps": 1e-08, "wd": 0.01}),
        flops=3_057_205,
        digest="79fcc4bc7b9a2d7599a33df21cb82c29",
    )
)
