"""Gradient descent: clipped, with a random start, braked, preconditioned."""

import numpy as np

from tests.dsl.zoo.references.dense import At, dense
from tests.dsl.zoo.references.model import flattened


@dense("norm_clipped_sgd")
def norm_clipped_sgd(at: At, *, lr, c):
    length = np.linalg.norm(flattened(at.g))
    for w, g in zip(at.w, at.g, strict=True):
        w -= lr * (g * (c / length) if length >= c else g)


@dense("coordinate_clipped_sgd")
def coordinate_clipped_sgd(at: At, *, lr, q):
    for w, g in zip(at.w, at.g, strict=True):
        bound = np.quantile(np.abs(g), 1 - q)
        w -= lr * np.sign(g) * np.where(np.abs(g) > bound, bound, np.abs(g))


@dense("gravity")
def gravity(at: At, v, *, lr, b1, alpha):
    if at.t == 1:
        for i, z in enumerate(at.noise("normal")):
            v[i] = (alpha / lr) * z
    decay = (b1 * at.t + 1) / (at.t + 2)
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        largest_step = 1 / np.abs(g).max()
        v[i] = decay * v[i] + (1 - decay) * g / (1 + (g / largest_step) ** 2)
        w -= lr * v[i]


@dense("adaptive_braking")
def adaptive_braking(at: At, v, *, lr, b1, eps, rho):
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        lengths = np.sqrt((g**2).sum()) * np.sqrt((v[i] ** 2).sum())
        scale = 1 - rho * (g * v[i]).sum() / max(lengths, eps)
        v[i] = b1 * v[i] + scale * g
        w -= lr * v[i]


@dense("polynomial_preconditioned_gd")
def polynomial_preconditioned_gd(at: At, *, lr):
    hessian = at.hessian()
    z = flattened(at.noise("rademacher"))
    preconditioner = (z @ hessian @ z) * np.eye(len(z)) - hessian
    step = lr * preconditioner @ flattened(at.g)
    ends = np.cumsum([leaf.size for leaf in at.w])
    for w, part in zip(at.w, np.split(step, ends[:-1]), strict=True):
        w -= part.reshape(w.shape)
