"""Handwritten digits classified by a small multilayer perceptron."""

import jax
import numpy as np
from jax import Array

from evaluators.data.digits import CLASSES, DIGITS
from evaluators.registry import register
from evaluators.task import Params
from evaluators.tasks._layers import apply_mlp, dense
from evaluators.tasks._losses import CROSS_ENTROPY
from evaluators.tasks._supervised import Model, supervised

PIXELS, HIDDEN = 64, 32


def _init(rng: np.random.Generator) -> Params:
    """He initialisation; the output layer starts at a third of it, so all classes look alike."""
    return {
        "hidden": dense(rng, PIXELS, HIDDEN, gain=np.sqrt(2)),
        "output": dense(rng, HIDDEN, CLASSES, gain=np.sqrt(2) / 3),
    }


def _logits(params: Params, pixels: Array) -> Array:
    """Pixels [examples, 64] -> logits [examples, 10]."""
    return apply_mlp([params["hidden"], params["output"]], pixels, jax.nn.relu)


register(
    supervised(
        DIGITS,
        Model("relu_mlp", _init, _logits),
        CROSS_ENTROPY,
        name="digits",
        summary="MLP 64-32-10 (2,410 parameters) on scikit-learn's 8x8 handwritten digits",
        batch=64,
        horizon=300,
        untrained=float(np.log(CLASSES)),
        floor=0.02,
        floor_from="a guess, on which published results rest; proven is only that the loss is not "
        "negative",
    )
)
