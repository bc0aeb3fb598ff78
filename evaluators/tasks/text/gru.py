"""Next-character prediction by a gated recurrence (GRU)."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.task import Params
from evaluators.tasks import _layers as layers
from evaluators.tasks.text._language import NAME_SYMBOLS, embedding, language, names_in_windows

WIDTH = 32


def _init(rng: np.random.Generator) -> Params:
    return {
        "embed": embedding(rng, NAME_SYMBOLS, WIDTH),
        "gates": layers.dense(rng, 2 * WIDTH, 2 * WIDTH),
        "new": layers.dense(rng, 2 * WIDTH, WIDTH),
        "output": layers.dense(rng, WIDTH, NAME_SYMBOLS, gain=0.3),
    }


def _gated(params: Params, windows: Array) -> Array:
    """States of the recurrence; the products with the symbols are taken for all places at once."""
    symbols = params["embed"][windows].swapaxes(0, 1)
    gates, new = params["gates"], params["new"]
    given = (
        layers.add(symbols @ gates["w"][:, WIDTH:].T, gates["b"]),
        layers.add(symbols @ new["w"][:, WIDTH:].T, new["b"]),
    )

    def advance(state: Array, given: tuple[Array, Array]) -> tuple[Array, Array]:
        both = jax.nn.sigmoid(state @ gates["w"][:, :WIDTH].T + given[0])
        update, reset = jnp.split(both, 2, -1)
        proposed = jnp.tanh((reset * state) @ new["w"][:, :WIDTH].T + given[1])
        state = state + update * (proposed - state)
        return state, state

    _, states = jax.lax.scan(advance, jnp.zeros_like(symbols[0]), given)
    return states.swapaxes(0, 1)


language(
    names_in_windows(12),
    "gru",
    _init,
    _gated,
    NAME_SYMBOLS,
    name="names_gru",
    summary="Gated recurrent network (8,775 parameters) on Unicode's names of characters",
    batch=8,
    horizon=200,
)
