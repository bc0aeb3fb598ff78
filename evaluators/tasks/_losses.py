"""Losses that cannot be fooled by size, each with the way in which its model draws targets.

They are shift-invariant, NaN for parameters that are, and, up to a constant, minus the logarithm of
how likely the targets are by the outputs; `Loss.draw` takes targets from that same distribution.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float, Int, Key, Shaped

Outputs = Float[Array, "examples ..."]
Targets = Shaped[Array, "examples ..."]


class Loss(NamedTuple):
    """A mean loss, and targets of which it is the likelihood."""

    mean: Callable[[Outputs, Targets], Float[Array, ""]]
    """(outputs, targets) -> their loss."""
    draw: Callable[[Key[Array, ""], Outputs], Targets]
    """(key, outputs) -> targets that the outputs may have: random, of the shape of true ones.

    So the squared gradient on them, times how many there are, is on average the diagonal of the
    Gauss-Newton matrix (Liu et al., "Sophia", 2023, section 2.3)."""


def cross_entropy(
    logits: Float[Array, "*examples classes"], labels: Int[Array, "*examples"]
) -> Float[Array, ""]:
    """Mean of -log softmax(logits)[label], in nats.

    The largest logit is subtracted first. Without that, logits that all equal 1e8 lose the classes
    in rounding, and a program that merely inflates the weights reaches a loss of exactly 0; here
    they give log(classes).
    """
    z = jnp.moveaxis(logits, -1, 0)
    chosen = jax.nn.one_hot(labels, len(z), dtype=z.dtype, axis=0)
    z = z - jax.lax.stop_gradient(z.max(0, keepdims=True))
    return jnp.mean(jnp.log(jnp.sum(jnp.exp(z), 0)) - jnp.sum(chosen * z, 0))


def logistic(
    logits: Float[Array, "examples 1"], probabilities: Float[Array, " examples"]
) -> Float[Array, ""]:
    """Mean cross-entropy of Bernoulli outcomes, in nats.

    **Arguments:** `logits`: of the outcome 1; `probabilities`: in 0..1, an outcome itself or how
    likely it is.
    """
    z = logits[:, 0]
    return jnp.mean(jax.nn.softplus(z) - probabilities * z)


def squared_error(
    outputs: Float[Array, "*shape"], targets: Float[Array, "*shape"]
) -> Float[Array, ""]:
    """Mean over examples and outputs of (output - target)^2, in the square of the targets' unit."""
    return jnp.mean((outputs - targets) ** 2)


def _scattered(key: Key[Array, ""], outputs: Outputs) -> Targets:
    """Normal targets about the outputs, of the variance at which half their squared distance,
    summed over the outputs of an example, is that mean: half the number of outputs."""
    each = outputs.size // len(outputs)
    return outputs + jnp.sqrt(each / 2) * jax.random.normal(key, outputs.shape, outputs.dtype)


CROSS_ENTROPY = Loss(cross_entropy, jax.random.categorical)
LOGISTIC = Loss(
    logistic,
    lambda key, logits: jax.random.bernoulli(key, jax.nn.sigmoid(logits[:, 0])).astype(
        logits.dtype
    ),
)
SQUARED_ERROR = Loss(squared_error, _scattered)


def nan_unless_finite(params: Any) -> Float[Array, ""]:
    """0 if every parameter is finite, else NaN: a term to add to a loss.

    A saturated activation can hide an infinite weight from the loss; 0 * inf cannot.
    """
    leaves = [jax.lax.stop_gradient(leaf) for leaf in jax.tree.leaves(params)]
    return sum((jnp.sum(0 * leaf) for leaf in leaves), start=jnp.zeros((), leaves[0].dtype))
