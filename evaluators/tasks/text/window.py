"""Next-character prediction by a window: the last characters side by side, through one layer."""

import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.task import Params
from evaluators.tasks import _layers as layers
from evaluators.tasks.text._language import NAME_SYMBOLS, embedding, language, names_in_windows

REACH, WIDTH, HIDDEN = 4, 12, 64


def _init(rng: np.random.Generator) -> Params:
    return {
        "embed": embedding(rng, NAME_SYMBOLS, WIDTH),
        "hidden": layers.dense(rng, REACH * WIDTH, HIDDEN),
        "output": layers.dense(rng, HIDDEN, NAME_SYMBOLS, gain=0.3),
    }


def _window(params: Params, windows: Array) -> Array:
    """Before the first character of a window come zeros."""
    x = jnp.pad(params["embed"][windows], [(0, 0), (REACH - 1, 0), (0, 0)])
    length = windows.shape[1]
    side_by_side = jnp.concatenate([x[:, at : at + length] for at in range(REACH)], -1)
    return jnp.tanh(layers.apply_dense(params["hidden"], side_by_side))


language(
    names_in_windows(8),
    "window_mlp",
    _init,
    _window,
    NAME_SYMBOLS,
    reach=REACH,
    name="names_window",
    summary="Four characters through a tanh layer (6,139 parameters) on Unicode's names",
    batch=16,
    horizon=300,
)
