"""Images through a narrow place and back: autoencoders of digits and of pieces of photographs."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.data.digits import IMAGES
from evaluators.data.photos import PATCHES
from evaluators.registry import register
from evaluators.task import Data, Params
from evaluators.tasks import _layers as layers
from evaluators.tasks._losses import SQUARED_ERROR
from evaluators.tasks._supervised import Model, mlp, supervised

COMPONENTS = 48
"""Inputs of the last layer of the autoencoder of digits."""
CHANNELS, CODE = 12, 16


def _init(rng: np.random.Generator) -> Params:
    return {
        "encode": layers.convolution(rng, 3, 3, 1, CHANNELS, gain=1.4),
        "narrow": layers.dense(rng, 16 * CHANNELS, CODE),
        "widen": layers.dense(rng, CODE, 64 * CHANNELS),
        "decode": layers.convolution(rng, 3, 3, CHANNELS, 1, gain=0.3),
    }


def _convolve(params: Params, x: Array) -> Array:
    """Patches [examples, 64] -> the same, through 16 numbers."""
    x = layers.pad(jnp.moveaxis(x.reshape(-1, 1, 8, 8), 0, -1), 1)
    x = layers.pool(jax.nn.silu(layers.apply_convolution(params["encode"], x)), 2)
    x = layers.on_columns(params["narrow"], layers.flat(x))
    x = jax.nn.silu(layers.on_columns(params["widen"], x))
    x = layers.pad(jnp.moveaxis(x.reshape(8, 8, CHANNELS, -1), 2, 0), 1)
    return layers.apply_convolution(params["decode"], x).reshape(64, -1).T


def _beyond_components(data: Data) -> float:
    """The mean square of the validation digits that the first principal components leave."""
    images = data.validation.inputs.astype(float)
    left = np.linalg.svd(images - images.mean(0), compute_uv=False)[COMPONENTS:]
    return float(np.sum(left**2)) / images.size


register(
    supervised(
        IMAGES,
        mlp("tanh_autoencoder", (64, COMPONENTS, 12, COMPONENTS, 64), jnp.tanh, gain=1.0),
        SQUARED_ERROR,
        name="digits_autoencoder",
        summary="Autoencoder 64-48-12-48-64 with tanh (7,468 parameters) on scikit-learn's digits",
        batch=32,
        horizon=300,
        floor=_beyond_components,
        floor_from="exact: what 48 principal components leave of the validation digits; the last "
        "layer has no more inputs",
    )
)
register(
    supervised(
        PATCHES,
        Model("conv_autoencoder", _init, _convolve),
        SQUARED_ERROR,
        name="patches_autoencoder",
        summary="Convolutional autoencoder (16,373 parameters) on pieces of two photographs",
        batch=8,
        horizon=300,
    )
)
