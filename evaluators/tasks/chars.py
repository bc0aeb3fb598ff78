"""Next-character prediction by a small recurrent network.

A one-layer attention model of the same size costs as much per step and learns less in a few
hundred steps, in which more than eight symbols of context would not be used either.
"""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.data import text
from evaluators.data.frozen import frozen
from evaluators.data.order import epochs
from evaluators.registry import register
from evaluators.task import Best, Data, Params, Task
from evaluators.tasks._losses import cross_entropy, nan_unless_finite

SYMBOLS, HIDDEN = 48, 32
CONTEXT, BATCH = 8, 16
VALIDATION_WINDOWS = 512


def _init(rng: np.random.Generator) -> Params:
    """A recurrence that neither grows nor forgets at once; nearly uniform predictions."""
    root = np.sqrt(HIDDEN)
    return {
        "embed": rng.normal(0, 0.5, (SYMBOLS, HIDDEN)).astype(np.float32),
        "recur": {
            "w": rng.normal(0, 1 / root, (HIDDEN, HIDDEN)).astype(np.float32),
            "b": np.zeros(HIDDEN, np.float32),
        },
        "output": {
            "w": rng.normal(0, 0.3 / root, (HIDDEN, SYMBOLS)).astype(np.float32),
            "b": np.zeros(SYMBOLS, np.float32),
        },
    }


@functools.cache
def _data() -> Data:
    """Windows of 8 symbols and their successors: int32 [windows, 9], in 0..47."""
    train, validation = text.load()
    numbers = text.vocabulary(train, SYMBOLS)
    held_out = text.windows(validation, numbers, CONTEXT + 1)
    spread = np.linspace(0, len(held_out) - 1, VALIDATION_WINDOWS).astype(np.int64)
    return frozen(Data(text.windows(train, numbers, CONTEXT + 1), held_out[spread]))


def _order(rng: np.random.Generator, steps: int) -> np.ndarray:
    return epochs(rng, len(_data().train), BATCH, steps)


def _mean_loss(params: Params, windows: Array) -> Array:
    """Mean over all positions of windows [batch, 9], in nats per symbol."""
    steps = windows.T
    embedded = params["embed"][steps[:-1]] + params["recur"]["b"][None, None]

    def advance(state: Array, symbol: Array) -> tuple[Array, Array]:
        state = jnp.tanh(state @ params["recur"]["w"] + symbol)
        return state, state

    _, states = jax.lax.scan(advance, jnp.zeros_like(embedded[0]), embedded)
    logits = states.reshape(-1, HIDDEN) @ params["output"]["w"] + params["output"]["b"][None]
    return cross_entropy(logits, steps[1:].reshape(-1)) + nan_unless_finite(params)


def _loss(params: Params, data: Data, index: Array) -> Array:
    return _mean_loss(params, jnp.asarray(data.train)[index])


def _validate(params: Params, data: Data) -> Array:
    return _mean_loss(params, jnp.asarray(data.validation))


CHARS = register(
    Task(
        name="chars",
        summary="Recurrent network (4,176 parameters) on the characters of Python's help topics",
        dataset="help_topics",
        model="recurrent",
        horizon=200,
        init=_init,
        load=_data,
        order=_order,
        loss=_loss,
        validate=_validate,
        untrained=float(np.log(SYMBOLS)),
        floor=1.5,
        best=Best(2.522, "lion", {"lr": 0.01, "b1": 0.6, "b2": 0.99, "wd": 0.0}),
        flops=2_116_762,
        digest=text.of_version({"3.11.7": "fa4ee45b65fe1490abd3ae776115a09e"}),
    )
)
