"""Next-character prediction by a window, by a gated recurrence and by attention."""

import functools
from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.data import names, text
from evaluators.data.windows import next_character
from evaluators.registry import register
from evaluators.task import Best, Params, Task
from evaluators.tasks import _layers as layers
from evaluators.tasks._losses import cross_entropy
from evaluators.tasks._supervised import supervised

NAME_SYMBOLS, TOPIC_SYMBOLS = 39, 64


def language(
    load: Callable[[], tuple[str, str]],
    symbols: int,
    context: int,
    states: Callable[[Params, Array], Array],
    **stated,
) -> Task:
    """A model of text.

    **Arguments:** `load`, `symbols`, `context`: as in `next_character`. `states`: (params, windows
    [batch, context]) -> [batch, context, width], each from what it and those before it hold; the
    parameter `output` makes logits of them.
    """

    def predict(params: Params, windows: Array) -> Array:
        logits = layers.apply_dense(params["output"], states(params, windows))
        return logits.reshape(-1, symbols)

    return supervised(
        load=functools.partial(next_character, load, symbols, context),
        predict=predict,
        criterion=lambda logits, following: cross_entropy(logits, following.reshape(-1)),
        untrained=float(np.log(symbols)),
        **stated,
    )


def _embedding(rng: np.random.Generator, symbols: int, width: int, size: float = 0.5) -> np.ndarray:
    return rng.normal(0, size, (symbols, width)).astype(np.float32)


# A window: the last characters side by side, through one hidden layer.
REACH, NEAR_WIDTH, NEAR_HIDDEN = 4, 12, 64


def _init_window(rng: np.random.Generator) -> Params:
    return {
        "embed": _embedding(rng, NAME_SYMBOLS, NEAR_WIDTH),
        "hidden": layers.dense(rng, REACH * NEAR_WIDTH, NEAR_HIDDEN),
        "output": layers.dense(rng, NEAR_HIDDEN, NAME_SYMBOLS, gain=0.3),
    }


def _window(params: Params, windows: Array) -> Array:
    """Before the first character of a window come zeros."""
    x = jnp.pad(params["embed"][windows], [(0, 0), (REACH - 1, 0), (0, 0)])
    length = windows.shape[1]
    side_by_side = jnp.concatenate([x[:, at : at + length] for at in range(REACH)], -1)
    return jnp.tanh(layers.apply_dense(params["hidden"], side_by_side))


# A gated recurrence (GRU).
GATED = 32


def _init_gated(rng: np.random.Generator) -> Params:
    return {
        "embed": _embedding(rng, NAME_SYMBOLS, GATED),
        "gates": layers.dense(rng, 2 * GATED, 2 * GATED),
        "new": layers.dense(rng, 2 * GATED, GATED),
        "output": layers.dense(rng, GATED, NAME_SYMBOLS, gain=0.3),
    }


def _gated(params: Params, windows: Array) -> Array:
    embedded = params["embed"][windows].swapaxes(0, 1)

    def advance(state: Array, x: Array) -> tuple[Array, Array]:
        both = layers.apply_dense(params["gates"], jnp.concatenate([state, x], -1))
        update, reset = jnp.split(jax.nn.sigmoid(both), 2, -1)
        new = layers.apply_dense(params["new"], jnp.concatenate([reset * state, x], -1))
        state = state + update * (jnp.tanh(new) - state)
        return state, state

    _, states = jax.lax.scan(advance, jnp.zeros_like(embedded[0]), embedded)
    return states.swapaxes(0, 1)


# Attention: pre-normalised blocks of a causal attention and a network.
HEADS = 4


def _init_attention(
    rng: np.random.Generator, symbols: int, context: int, width: int, blocks: int
) -> Params:
    deep = 1 / np.sqrt(2 * blocks)
    return {
        "embed": _embedding(rng, symbols, width),
        "place": _embedding(rng, context, width, size=0.2),
        "blocks": [
            {
                "norm": np.ones((2, width), np.float32),
                "query": rng.normal(0, width**-0.5, (width, 3, HEADS, width // HEADS)).astype(
                    np.float32
                ),
                "mix": layers.dense(rng, width, width, gain=deep),
                "up": layers.dense(rng, width, 2 * width, gain=1.4),
                "down": layers.dense(rng, 2 * width, width, gain=deep),
            }
            for _ in range(blocks)
        ],
        "norm": np.ones(width, np.float32),
        "output": layers.dense(rng, width, symbols, gain=0.3),
    }


def _attention(params: Params, windows: Array) -> Array:
    x = params["embed"][windows] + params["place"][None]
    for block in params["blocks"]:
        x = x + _attend(block, layers.normalise(x, block["norm"][0]))
        hidden = layers.apply_dense(block["up"], layers.normalise(x, block["norm"][1]))
        x = x + layers.apply_dense(block["down"], jax.nn.gelu(hidden))
    return layers.normalise(x, params["norm"])


def _attend(block: Params, x: Array) -> Array:
    length, width = x.shape[-2:]
    query, key, value = jnp.moveaxis(jnp.einsum("btw,wnhd->bnhtd", x, block["query"]), 1, 0)
    weights = query @ key.swapaxes(-1, -2) / np.sqrt(width / HEADS)
    later = np.triu(np.full((length, length), -1e9), 1)
    weights = jax.nn.softmax(weights + jnp.asarray(later, x.dtype)[None, None], -1)
    mixed = (weights @ value).swapaxes(1, 2).reshape(x.shape)
    return layers.apply_dense(block["mix"], mixed)


NAMES_WINDOW = register(
    language(
        names.load,
        NAME_SYMBOLS,
        8,
        _window,
        name="names_window",
        summary="Four characters through a tanh layer (6,139 parameters) on Unicode's names",
        dataset="unicode_names",
        model="window_mlp",
        horizon=300,
        init=_init_window,
        batch=16,
        floor=0.5,
        best=Best(
            1.862, "adamw", {"lr": 0.01581, "b1": 0.8, "b2": 0.999, "eps": 1e-08, "wd": 0.01}
        ),
        flops=4_429_568,
        digest="a4b9b0dc0b0d77c51f54a1ef1bd82b0a",
    )
)
NAMES_GATED = register(
    language(
        names.load,
        NAME_SYMBOLS,
        12,
        _gated,
        name="names_gru",
        summary="Gated recurrent network (8,775 parameters) on Unicode's names of characters",
        dataset="unicode_names",
        model="gru",
        horizon=200,
        init=_init_gated,
        batch=8,
        floor=0.5,
        best=Best(
            1.994, "adamw", {"lr": 0.01581, "b1": 0.8, "b2": 0.999, "eps": 1e-08, "wd": 0.01}
        ),
        flops=4_511_546,
        digest="68d4732f1d86d205b011e7c6a6028aff",
    )
)
NAMES_ATTENTION = register(
    language(
        names.load,
        NAME_SYMBOLS,
        16,
        _attention,
        name="names_attention",
        summary="One block of attention (11,463 parameters) on Unicode's names of characters",
        dataset="unicode_names",
        model="attention_1_block",
        horizon=200,
        init=lambda rng: _init_attention(rng, NAME_SYMBOLS, 16, 32, 1),
        batch=8,
        floor=0.5,
        best=Best(2.124, "lion", {"lr": 0.005, "b1": 0.8, "b2": 0.99, "wd": 0.0}),
        flops=8_774_656,
        digest="fa9a8112d6db8c7e112c10cc48b8fbad",
    )
)
TOPICS_ATTENTION = register(
    language(
        text.load,
        TOPIC_SYMBOLS,
        16,
        _attention,
        name="topics_attention",
        summary="Two blocks of attention (44,464 parameters) on Python's help topics",
        dataset="help_topics",
        model="attention_2_blocks",
        horizon=300,
        init=lambda rng: _init_attention(rng, TOPIC_SYMBOLS, 16, 48, 2),
        batch=4,
        floor=1.0,
        best=Best(2.735, "lion", {"lr": 0.002, "b1": 0.6, "b2": 0.99, "wd": 0.0}),
        flops=17_487_370,
        digest=text.of_version({"3.11.7": "1437419684a0dd4c52b9f891a3c6b365"}),
    )
)
