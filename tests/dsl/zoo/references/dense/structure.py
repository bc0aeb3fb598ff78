"""Rules of `dsl.zoo.structure` from their equations."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from tests.dsl.zoo.references.dense import At, dense

LION_K: dict[str, Callable[[Any, Any], Any]] = {
    "quadratic": lambda x, _: jnp.sum(x**2) / 2,
    "norm": lambda x, p: jnp.sum(jnp.abs(x) ** p) ** (1 / p),
    "threshold": lambda x, tau: jnp.sum(jnp.maximum(jnp.abs(x) - tau, 0)),
    "top_k": lambda x, top: jnp.sum(jnp.sort(jnp.abs(x).ravel())[-int(top) :]),
    "huber": lambda x, tau: jnp.sum(
        jnp.where(jnp.abs(x) <= tau, x**2 / (2 * tau), jnp.abs(x) - tau / 2)
    ),
    "entropy": lambda x, a: jnp.sum(jnp.log(jnp.cosh(a * x))) / a,
    "relativistic": lambda x, tau: jnp.sum(jnp.sqrt(x**2 + tau**2)),
    "log": lambda x, tau: jnp.sum(jnp.abs(x) - tau * jnp.log(1 + jnp.abs(x) / tau)),
    "nuclear": lambda x, eps: jnp.sum(
        jnp.sqrt(jnp.linalg.svd(jnp.atleast_2d(x), compute_uv=False) ** 2 + eps)
    ),
    "sorted": lambda x, a: jnp.dot(
        1 - a * jnp.arange(x.size) / x.size, jnp.sort(jnp.abs(x).ravel())[::-1]
    ),
}
"""The convex functions of the family, of a tensor and a parameter; steps differentiate them."""


def _lion_k(name: str) -> None:
    slope = jax.jit(jax.grad(LION_K[name]), static_argnums=1)

    @dense(f"lion_k_{name}")
    def step(at: At, m, *, lr, b1, b2, wd, p=None, top=None, tau=None, a=None, eps=None):
        (parameter,) = [part for part in (p, top, tau, a, eps) if part is not None] or [None]
        for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
            # The paper's momentum is that of the negative gradient.
            ahead = b1 * m[i] - (1 - b1) * g
            m[i] = b2 * m[i] - (1 - b2) * g
            w += lr * (np.array(slope(ahead, parameter)) - wd * w)


for _name in LION_K:
    _lion_k(_name)


@dense("lars")
def lars(at: At, m, *, lr, b1, wd, trust):
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        size = np.sqrt(np.vdot(w, w))
        below = np.sqrt(np.vdot(g, g)) + wd * size
        rate = lr * (trust * size / below if size > 0 and below > 0 else 1.0)
        m[i] = b1 * m[i] + rate * (g + wd * w)
        w -= m[i]


@dense("adafactor")
def adafactor(at: At, *, lr, eps, exponent, d, eps2):
    decay = 1 - at.t ** (-exponent)
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        squares = g**2 + eps
        if g.ndim < 2:
            old = at.memory.setdefault(i, np.zeros_like(g))
            at.memory[i] = moment = decay * old + (1 - decay) * squares
        else:
            stack = squares.reshape(-1, *g.shape[-2:])
            left, right = at.memory.setdefault(i, (0.0, 0.0))
            left = decay * left + (1 - decay) * stack.sum(2)
            right = decay * right + (1 - decay) * stack.sum(1)
            at.memory[i] = left, right
            outer = [np.outer(x, y) / x.sum() for x, y in zip(left, right, strict=True)]
            moment = np.array(outer).reshape(g.shape)
        update = g * moment**-0.5
        update /= max(1.0, np.sqrt(np.mean(update**2)) / d)
        w -= max(eps2, np.sqrt(np.mean(w**2))) * min(lr, at.t**-0.5) * update


def _subset_squares(g: np.ndarray) -> np.ndarray:
    """The sum of squares over the subset of each entry of a tensor."""
    if g.ndim < 2:
        return g**2
    return np.sum(g**2, axis=1 if g.shape[0] >= g.shape[1] else 0, keepdims=True)


@dense("subset_norm_adam")
def subset_norm_adam(at: At, m, *, lr, b1, b2, eps, wd):
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        m[i] = b1 * m[i] + (1 - b1) * g
        at.memory[i] = b2 * at.memory.get(i, 0.0) + (1 - b2) * _subset_squares(g)
        rate = lr * np.sqrt(1 - b2**at.t) / (1 - b1**at.t)
        w -= rate * m[i] / (np.sqrt(at.memory[i]) + eps)
        w *= 1 - lr * wd


class _Subspace:
    """The span of the largest singular vectors of a matrix on its shorter side."""

    def __init__(self, g: np.ndarray, size: float):
        u, _, vh = np.linalg.svd(g, full_matrices=False)
        self.left = g.shape[0] < g.shape[1]
        basis = (u if self.left else vh.T)[:, : round(size)]
        largest = basis[np.argmax(np.abs(basis), axis=0), range(basis.shape[1])]
        self.basis = basis * np.sign(largest)

    def into(self, g: np.ndarray) -> np.ndarray:
        return self.basis.T @ g if self.left else g @ self.basis

    def out_of(self, x: np.ndarray) -> np.ndarray:
        return self.basis @ x if self.left else x @ self.basis.T


def _partly_averaged(at: At, i: int, g, b1, size, period, late: bool) -> np.ndarray:
    """A gradient, averaged in the subspace; `late` forgets the average after a change's step."""
    changes = at.t == 1 or at.t % period == 0
    if changes:
        at.memory["subspace", i] = _Subspace(g, size)
    space = at.memory["subspace", i]
    inside = space.into(g)
    old = at.memory.get(("momentum", i), 0.0)
    if changes and not late:
        old = 0.0
    new = b1 * old + (1 - b1) * inside
    at.memory["momentum", i] = 0.0 if late and changes and at.t > 1 else new
    return space.out_of(new) + (g - space.out_of(inside))


@dense("subspace_momentum")
def subspace_momentum(at: At, *, lr, b1, wd, size, period):
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        w -= lr * _partly_averaged(at, i, g, b1, size, period, late=False)
        w *= 1 - lr * wd


@dense("subset_norm_subspace_momentum")
def subset_norm_subspace_momentum(at: At, *, lr, b1, eps, wd, size, period):
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        direction = _partly_averaged(at, i, g, b1, size, period, late=True)
        at.memory["sum", i] = at.memory.get(("sum", i), 0.0) + _subset_squares(g)
        w -= lr * direction / (np.sqrt(at.memory["sum", i]) + eps)
        w *= 1 - lr * wd
