"""A layer of tanh that reads a tensor of each rank at once, fitted to another batch on every step.

Its Hessian is dense, changes along the path and is not definite.
"""

import math
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

STEPS = 50
SHAPES = {0: (), 1: (3,), 2: (3, 4), 3: (2, 2, 3), 4: (2, 3, 2, 2)}
"""The shape of the parameter tensor of each rank."""

RANKS = tuple(SHAPES)
SEED = 11

BATCHES, ROWS = 5, 8

Leaves = list[np.ndarray]


def start(dtype: str, ranks: tuple[int, ...] = RANKS, near: float = 1.0) -> Leaves:
    """The parameters before the first step, at a part of the way to them from a minimum.

    The minimum is the point next to the start where the outputs on all batches are the targets, or
    nearest to them before the tanh if there are fewer entries than examples.
    """
    rng = np.random.Generator(np.random.PCG64(1))
    leaves = [rng.uniform(-0.8, 0.8, size=SHAPES[rank]) for rank in RANKS]
    leaves = [leaves[rank] for rank in ranks]
    if near != 1:
        flat = flattened(leaves)
        data = batches("float64", ranks)[:BATCHES]
        features, targets = (np.concatenate(parts) for parts in zip(*data, strict=True))
        way = np.linalg.lstsq(features, np.arctanh(targets) - features @ flat)[0]
        leaves = shaped(flat + (1 - near) * way, leaves)
    return [np.asarray(leaf, dtype) for leaf in leaves]


def batches(dtype: str, ranks: tuple[int, ...] = RANKS) -> list[tuple[np.ndarray, np.ndarray]]:
    """Features and targets of each step."""
    rng = np.random.Generator(np.random.PCG64(2))
    size = sum(math.prod(SHAPES[rank]) for rank in ranks)
    features = rng.normal(scale=0.5, size=(BATCHES, ROWS, size)).astype(dtype)
    targets = rng.uniform(-0.9, 0.9, size=(BATCHES, ROWS)).astype(dtype)
    return [(features[t % BATCHES], targets[t % BATCHES]) for t in range(STEPS)]


def losses(leaves: Any, batch: Any) -> Any:
    """The loss of each example of a batch; smooth, with every tensor in every term."""
    features, targets = batch
    flat = jnp.concatenate([leaf.ravel() for leaf in leaves])
    return 2 * jnp.square(jnp.tanh(features @ flat) - targets)


def loss(leaves: Any, batch: Any) -> Any:
    """The loss of the model on one batch."""
    return jnp.mean(losses(leaves, batch))


def full_loss(leaves: Any) -> Any:
    """The loss over the examples of all batches."""
    data = batches(str(leaves[0].dtype), tuple(leaf.ndim for leaf in leaves))[:BATCHES]
    return jnp.mean(jnp.stack([loss(leaves, batch) for batch in data]))


def outputs(leaves: Any, batch: Any) -> Any:
    """The model's outputs on a batch, and the loss of outputs."""
    features, targets = batch
    flat = jnp.concatenate([leaf.ravel() for leaf in leaves])
    return jnp.tanh(features @ flat), lambda made: jnp.mean(2 * jnp.square(made - targets))


@jax.jit
def output_curvature(leaves: Any, batch: Any) -> tuple[Any, Any]:
    """The Jacobian of the outputs [outputs, entries], and the Hessian of the loss in them."""
    made, loss_of = outputs(leaves, batch)
    rows = jax.jacfwd(lambda at: outputs(at, batch)[0])(leaves)
    jacobian = jnp.concatenate([jnp.reshape(part, (len(made), -1)) for part in rows], axis=1)
    return jacobian, jax.hessian(loss_of)(made)


def sampled_loss(leaves: Any, batch: Any, key: Any) -> Any:
    """The loss with targets drawn from the model: normal ones, of variance 1/4, of which the loss
    is the negative log-likelihood."""
    features, targets = batch
    flat = jnp.concatenate([leaf.ravel() for leaf in leaves])
    outputs = jnp.tanh(features @ flat)
    noise = jax.random.normal(key, targets.shape, targets.dtype)
    targets = jax.lax.stop_gradient(outputs + noise / 2)
    return jnp.mean(2 * jnp.square(outputs - targets))


gradient = jax.jit(jax.grad(loss))
"""Of `loss`; compiled once for programs and references, so that one point has one gradient."""

full_gradient = jax.jit(jax.grad(full_loss))

value = jax.jit(loss)


@jax.jit
def product(leaves: Any, v: Any, batch: Any) -> Any:
    """The Hessian at `leaves` times `v`."""
    return jax.jvp(lambda at: jax.grad(loss)(at, batch), (leaves,), (v,))[1]


@jax.jit
def third(leaves: Any, v: Any, u: Any, batch: Any) -> Any:
    """The derivative along `u` of the Hessian at `leaves` times `v`."""
    return jax.jvp(lambda at: product(at, v, batch), (leaves,), (u,))[1]


@jax.jit
def slope(leaves: Any, v: Any, batch: Any) -> Any:
    """The derivative of the loss at `leaves` along `v`."""
    return jax.jvp(lambda at: loss(at, batch), (leaves,), (v,))[1]


@jax.jit
def gradients(leaves: Any, batch: Any) -> Any:
    """The gradient of each example's loss, examples on the first axis."""
    return jax.jacrev(losses)(leaves, batch)


@jax.jit
def sampled_gradient(leaves: Any, batch: Any, count: Any, stream: Any) -> Any:
    """The gradient with labels of a stream on the step after `count` steps, from its key."""
    return jax.grad(sampled_loss)(leaves, batch, label_key(SEED, count, stream))


def label_key(seed: int, count: Any, stream: Any) -> Any:
    """The documented key that labels are drawn with."""
    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(seed), count), stream)
    return jax.random.fold_in(key, 2**31 - 1)


@jax.jit
def hessian(leaves: Any, batch: Any) -> Any:
    """The dense Hessian [entries, entries], tensors flattened one after the other."""
    splits = np.cumsum([leaf.size for leaf in leaves])[:-1]

    def of_flat(flat: Any) -> Any:
        parts = jnp.split(flat, splits)
        return loss([p.reshape(x.shape) for p, x in zip(parts, leaves, strict=True)], batch)

    return jax.hessian(of_flat)(jnp.concatenate([leaf.ravel() for leaf in leaves]))


@partial(jax.jit, static_argnums=(2, 3))
def draw(leaves: Any, count: Any, distribution: str, stream: int) -> Any:
    """The noise of a stream on the step after `count` steps, from the documented keys."""
    key = jax.random.fold_in(jax.random.fold_in(jax.random.key(SEED), count), stream)
    sample = {"rademacher": jax.random.rademacher, "normal": jax.random.normal}[distribution]
    keys = jax.random.split(key, len(leaves))
    return [sample(k, leaf.shape, leaf.dtype) for k, leaf in zip(keys, leaves, strict=True)]


def precision(dtype: str) -> Any:
    """A context in which JAX computes in `dtype`."""
    return jax.enable_x64(dtype == "float64")


def flattened(leaves: Any) -> np.ndarray:
    """All entries of the model in one row."""
    return np.concatenate([np.ravel(leaf) for leaf in leaves])


def shaped(flat: np.ndarray, like: Leaves) -> Leaves:
    """The entries of a model as a list like `like`."""
    parts = np.split(flat, np.cumsum([leaf.size for leaf in like])[:-1])
    return [part.reshape(leaf.shape) for part, leaf in zip(parts, like, strict=True)]


def as_numpy(leaves: Any) -> Leaves:
    """Fresh arrays that may be written to."""
    return [np.array(leaf) for leaf in leaves]
