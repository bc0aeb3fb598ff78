"""Layers as functions of a dictionary of arrays; initial values in numpy."""

from collections.abc import Callable, Sequence

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jaxtyping import Float, Float32

from evaluators.task import Params

Activation = Callable[[Float[Array, "..."]], Float[Array, "..."]]
"""A function of each entry."""


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


def matrices(
    rng: np.random.Generator, sizes: Sequence[int], gain: float, last: float
) -> list[Float32[np.ndarray, "_ _"]]:
    """The weights of `mlp` alone."""
    return [layer["w"] for layer in mlp(rng, sizes, gain, last)]


def convolution(rng: np.random.Generator, *shape: int, gain: float = 1.0) -> Params:
    """A kernel [channels out, width..., channels in] and biases of zero.

    **Arguments:** `shape`: width..., channels in, channels out.
    """
    kernel = np.moveaxis(rng.normal(0, gain / np.sqrt(np.prod(shape[:-1])), shape), -1, 0)
    return {
        "kernel": kernel.astype(np.float32, order="C"),
        "b": np.zeros(shape[-1], np.float32),
    }


def add(
    x: Float[Array, "*shape width"], vector: Float[Array, " width"]
) -> Float[Array, "*shape width"]:
    """`vector` added along the last axis."""
    return x + vector.reshape((1,) * (x.ndim - 1) + (-1,))


def scale(
    x: Float[Array, "*shape width"], vector: Float[Array, " width"]
) -> Float[Array, "*shape width"]:
    """`x` times `vector` along the last axis."""
    return x * vector.reshape((1,) * (x.ndim - 1) + (-1,))


def apply_dense(layer: Params, x: Float[Array, "*shape inputs"]) -> Float[Array, "*shape outputs"]:
    """The layer along the last axis."""
    return add(x @ layer["w"].T, layer["b"])


def apply_mlp(
    layers: Sequence[Params],
    x: Float[Array, "*shape inputs"],
    activation: Activation,
) -> Float[Array, "*shape outputs"]:
    """The layers in turn along the last axis; no activation after the last layer.

    Features come first in between, so that the rows of every product are as long as there are
    examples: a CPU multiplies matrices of ten columns at a third of its speed.
    """
    first, *rest = layers
    x = on_columns(first, jnp.moveaxis(x, -1, 0))
    for layer in rest:
        x = on_columns(layer, activation(x))
    return jnp.moveaxis(x, 0, -1)


def apply_matrices(
    weights: Sequence[Float[Array, "_ _"]],
    x: Float[Array, "examples _"],
    activation: Activation,
) -> Float[Array, "examples _"]:
    """As `apply_mlp`, without biases."""
    first, *rest = weights
    x = first @ x.T
    for matrix in rest:
        x = matrix @ activation(x)
    return x.T


def read_out(layer: Params, x: Float[Array, "*shape inputs"]) -> Float[Array, "*shape outputs"]:
    """The result of `apply_dense`, for the layer on top: computed outputs first, as a loss sums
    over them."""
    return jnp.moveaxis(on_columns(layer, jnp.moveaxis(x, -1, 0)), 0, -1)


def on_columns(layer: Params, x: Float[Array, "inputs ..."]) -> Float[Array, "outputs ..."]:
    """The layer along the first axis."""
    bias = layer["b"].reshape((-1,) + (1,) * (x.ndim - 1))
    return jnp.tensordot(layer["w"], x, 1) + bias


def apply_convolution(
    layer: Params, x: Float[Array, "inputs *lengths examples"], stride: int = 1
) -> Float[Array, "outputs *shorter examples"]:
    """The products with the kernel wherever it lies within: `pad` before, for as many places as
    there were.

    Shifted copies below each other, axis by axis, and one product of matrices: on a CPU several
    times as fast as a convolution when seeds, each with a kernel of its own, run side by side.
    """
    kernel = layer["kernel"]
    for axis in range(x.ndim - 2, 0, -1):
        width = kernel.shape[axis]
        last = x.shape[axis] - width
        shifted = [lax.slice_in_dim(x, at, at + last + 1, stride, axis) for at in range(width)]
        x = jnp.concatenate(shifted)
    return on_columns({"w": kernel.reshape(len(kernel), -1), "b": layer["b"]}, x)


def pad(
    x: Float[Array, "channels *lengths examples"], places: int
) -> Float[Array, "channels *longer examples"]:
    """`places` zeros on both sides of every axis between the first and the last."""
    return jnp.pad(x, [(0, 0), *[(places, places)] * (x.ndim - 2), (0, 0)])


def pool(
    x: Float[Array, "channels *lengths examples"], width: int
) -> Float[Array, "channels *shorter examples"]:
    """Means over blocks of `width` along every axis between the first and the last."""
    for axis in range(1, x.ndim - 1):
        shape = (*x.shape[:axis], x.shape[axis] // width, width, *x.shape[axis + 1 :])
        x = x.reshape(shape).mean(axis + 1)
    return x


def flat(x: Float[Array, "channels *lengths examples"]) -> Float[Array, "features examples"]:
    """A column per example: the channels of the first place, of the next, and so on."""
    return jnp.moveaxis(x, 0, -2).reshape(-1, x.shape[-1])


def normalise(
    x: Float[Array, "*shape width"], gain: Float[Array, " width"]
) -> Float[Array, "*shape width"]:
    """Layer normalisation over the last axis, with a gain and no shift."""
    centred = x - x.mean(-1, keepdims=True)
    return scale(centred / jnp.sqrt(jnp.mean(centred**2, -1, keepdims=True) + 1e-5), gain)
