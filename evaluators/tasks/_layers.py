"""Layers as functions of a dictionary of arrays; initial values in numpy."""

from collections.abc import Callable, Sequence

import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.task import Params


def dense(rng: np.random.Generator, inputs: int, outputs: int, gain: float = 1.0) -> Params:
    """Weights [outputs, inputs] of variance gain^2 / inputs and biases of zero.

    Outputs come first, as in PyTorch: so the lanes of a machine, which share their inputs, make
    one product of matrices without a transposition of the weights or of their gradient.
    """
    weights = rng.normal(0, gain / np.sqrt(inputs), (inputs, outputs)).T
    return {"w": weights.astype(np.float32, order="C"), "b": np.zeros(outputs, np.float32)}


def mlp(rng: np.random.Generator, sizes: Sequence[int], gain: float, last: float) -> Params:
    """Dense layers between consecutive sizes; `last` is the gain of the layer on top."""
    gains = [gain] * (len(sizes) - 2) + [last]
    return [dense(rng, *pair) for pair in zip(sizes[:-1], sizes[1:], gains, strict=True)]


def convolution(rng: np.random.Generator, *shape: int, gain: float = 1.0) -> Params:
    """A kernel [width..., channels in, channels out] and biases of zero."""
    fan_in = int(np.prod(shape[:-1]))
    return {
        "kernel": rng.normal(0, gain / np.sqrt(fan_in), shape).astype(np.float32),
        "b": np.zeros(shape[-1], np.float32),
    }


def add(x: Array, vector: Array) -> Array:
    """`vector` added along the last axis."""
    return x + vector.reshape((1,) * (x.ndim - 1) + (-1,))


def scale(x: Array, vector: Array) -> Array:
    """`x` times `vector` along the last axis."""
    return x * vector.reshape((1,) * (x.ndim - 1) + (-1,))


def apply_dense(layer: Params, x: Array) -> Array:
    """[..., inputs] -> [..., outputs]."""
    return add(x @ layer["w"].T, layer["b"])


def apply_mlp(layers: Sequence[Params], x: Array, activation: Callable[[Array], Array]) -> Array:
    """[..., sizes[0]] -> [..., sizes[-1]]; no activation after the last layer.

    Features come first in between, so that the rows of every product are as long as there are
    examples: a CPU multiplies matrices of ten columns at a third of its speed.
    """
    first, *rest = layers
    x = _on_columns(first, jnp.moveaxis(x, -1, 0))
    for layer in rest:
        x = _on_columns(layer, activation(x))
    return jnp.moveaxis(x, 0, -1)


def read_out(layer: Params, x: Array) -> Array:
    """What `apply_dense` gives, for the layer on top: made outputs first, as a loss sums over
    them."""
    return jnp.moveaxis(_on_columns(layer, jnp.moveaxis(x, -1, 0)), 0, -1)


def _on_columns(layer: Params, x: Array) -> Array:
    """[inputs, ...] -> [outputs, ...]."""
    bias = layer["b"].reshape((-1,) + (1,) * (x.ndim - 1))
    return jnp.tensordot(layer["w"], x, 1) + bias


def apply_convolution(layer: Params, x: Array) -> Array:
    """[batch, length..., channels in] -> [batch, length..., channels out], zeros beyond the edges.

    Shifted copies side by side and one product of matrices: on a CPU several times as fast as a
    convolution when seeds, each with a kernel of its own, run side by side.
    """
    kernel = layer["kernel"]
    widths, lengths = kernel.shape[:-2], x.shape[1:-1]
    around = [(width // 2, width - 1 - width // 2) for width in widths]
    padded = jnp.pad(x, [(0, 0), *around, (0, 0)])
    shifted = [
        padded[(slice(None), *(slice(at, at + n) for at, n in zip(offset, lengths, strict=True)))]
        for offset in np.ndindex(*widths)
    ]
    patches = jnp.concatenate(shifted, axis=-1)
    return add(patches @ kernel.reshape(-1, kernel.shape[-1]), layer["b"])


def pool(x: Array, width: int) -> Array:
    """Means over blocks of `width` along every axis between the first and the last."""
    for axis in range(1, x.ndim - 1):
        shape = (*x.shape[:axis], x.shape[axis] // width, width, *x.shape[axis + 1 :])
        x = x.reshape(shape).mean(axis + 1)
    return x


def normalise(x: Array, gain: Array) -> Array:
    """Layer normalisation over the last axis, with a gain and no shift."""
    centred = x - x.mean(-1, keepdims=True)
    return scale(centred / jnp.sqrt(jnp.mean(centred**2, -1, keepdims=True) + 1e-5), gain)
