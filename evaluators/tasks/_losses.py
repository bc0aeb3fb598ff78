"""Losses that cannot be fooled by size: shift-invariant, and NaN for parameters that are."""

from typing import Any

import jax
import jax.numpy as jnp
from jax import Array


def cross_entropy(logits: Array, labels: Array) -> Array:
    """Mean of -log softmax(logits)[label], in nats.

    **Arguments:** `logits` [examples, classes]; `labels` int [examples].

    The largest logit is subtracted first. Without that, logits that all equal 1e8 lose the classes
    in rounding, and a program that merely inflates the weights reaches a loss of exactly 0; here
    they give log(classes).
    """
    chosen = jax.nn.one_hot(labels, logits.shape[-1], dtype=logits.dtype)
    return -jnp.mean(jnp.sum(chosen * jax.nn.log_softmax(logits, axis=-1), axis=-1))


def logistic(logits: Array, probabilities: Array) -> Array:
    """Mean cross-entropy of Bernoulli outcomes, in nats.

    **Arguments:** `logits` [examples, 1], of the outcome 1; `probabilities` [examples] in 0..1, an
    outcome itself or how likely it is.
    """
    z = logits[:, 0]
    return jnp.mean(jax.nn.softplus(z) - probabilities * z)


def squared_error(outputs: Array, targets: Array) -> Array:
    """Mean over examples and outputs of (output - target)^2, in the square of the targets' unit."""
    return jnp.mean((outputs - targets) ** 2)


def nan_unless_finite(params: Any) -> Array:
    """0 if every parameter is finite, else NaN: a term to add to a loss.

    A saturated activation can hide an infinite weight from the loss; 0 * inf cannot.
    """
    leaves = [jax.lax.stop_gradient(leaf) for leaf in jax.tree.leaves(params)]
    return sum((jnp.sum(0 * leaf) for leaf in leaves), start=jnp.zeros((), leaves[0].dtype))
