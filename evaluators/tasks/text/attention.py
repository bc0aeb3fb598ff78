"""Next-character prediction by attention: pre-normalised blocks of it and a network."""

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.task import Params
from evaluators.tasks import _layers as layers
from evaluators.tasks.text._language import (
    NAME_SYMBOLS,
    TOPIC_SYMBOLS,
    embedding,
    language,
    names_in_windows,
    topics_in_windows,
)

CONTEXT, WIDTH, HEADS = 16, 32, 4


def _init(rng: np.random.Generator, symbols: int, blocks: int) -> Params:
    deep = 1 / np.sqrt(2 * blocks)
    queries = (WIDTH, 3, HEADS, WIDTH // HEADS)
    return {
        "embed": embedding(rng, symbols, WIDTH),
        "place": embedding(rng, CONTEXT, WIDTH, size=0.2),
        "blocks": [
            {
                "norm": np.ones((2, WIDTH), np.float32),
                "query": rng.normal(0, WIDTH**-0.5, queries).astype(np.float32),
                "mix": layers.dense(rng, WIDTH, WIDTH, gain=deep),
                "up": layers.dense(rng, WIDTH, 2 * WIDTH, gain=1.4),
                "down": layers.dense(rng, 2 * WIDTH, WIDTH, gain=deep),
            }
            for _ in range(blocks)
        ],
        "norm": np.ones(WIDTH, np.float32),
        "output": layers.dense(rng, WIDTH, symbols, gain=0.3),
    }


def _attention(params: Params, windows: Array) -> Array:
    x = params["embed"][windows] + params["place"][None]
    for block in params["blocks"]:
        x = x + _attend(block, layers.normalise(x, block["norm"][0]))
        hidden = layers.apply_dense(block["up"], layers.normalise(x, block["norm"][1]))
        x = x + layers.apply_dense(block["down"], jax.nn.gelu(hidden))
    return layers.normalise(x, params["norm"])


def _attend(block: Params, x: Array) -> Array:
    """Causal attention in several heads: [batch, context, width] -> the same."""
    query, key, value = jnp.moveaxis(jnp.einsum("btw,wnhd->bnhtd", x, block["query"]), 1, 0)
    weights = query @ key.swapaxes(-1, -2) / np.sqrt(WIDTH / HEADS)
    later = np.triu(np.full((CONTEXT, CONTEXT), -1e9), 1)
    weights = jax.nn.softmax(weights + jnp.asarray(later, x.dtype)[None, None], -1)
    mixed = (weights @ value).swapaxes(1, 2).reshape(x.shape)
    return layers.apply_dense(block["mix"], mixed)


language(
    names_in_windows(CONTEXT),
    "attention_1_block",
    lambda rng: _init(rng, NAME_SYMBOLS, 1),
    _attention,
    NAME_SYMBOLS,
    name="names_attention",
    summary="One block of attention (11,463 parameters) on Unicode's names of characters",
    batch=4,
    horizon=300,
)
language(
    topics_in_windows(CONTEXT),
    "attention_2_blocks",
    lambda rng: _init(rng, TOPIC_SYMBOLS, 2),
    _attention,
    TOPIC_SYMBOLS,
    name="topics_attention",
    summary="Two blocks of attention (21,472 parameters) on Python's help topics",
    batch=4,
    horizon=500,
)
