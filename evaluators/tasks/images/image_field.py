"""A photograph as a function of the place: a network of sines from coordinates to greys."""

import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.data.photos import PIXELS
from evaluators.registry import register
from evaluators.task import Params
from evaluators.tasks import _layers as layers
from evaluators.tasks._losses import SQUARED_ERROR
from evaluators.tasks._supervised import Model, supervised

WIDTH = 64
FREQUENCY = 8.0
"""Radians that the first layer's largest weights turn per unit of length."""


def _init(rng: np.random.Generator) -> Params:
    """Phases are random; after the first layer, sums of 64 sines of variance 2."""
    first, *rest = layers.mlp(rng, (2, WIDTH, WIDTH, 1), gain=2.0, last=0.2)
    waves = rng.uniform(-FREQUENCY, FREQUENCY, (2, WIDTH)).T
    first["w"] = waves.astype(np.float32, order="C")
    first["b"] = rng.uniform(-np.pi, np.pi, WIDTH).astype(np.float32)
    return [first, *rest]


def _predict(params: Params, places: Array) -> Array:
    return layers.apply_mlp(params, places, jnp.sin)


register(
    supervised(
        PIXELS,
        Model("sine_mlp", _init, _predict),
        SQUARED_ERROR,
        name="image_field",
        summary="Network of sines 2-64-64-1 (4,417 parameters) as a photograph of a flower",
        batch=64,
        horizon=400,
    )
)
