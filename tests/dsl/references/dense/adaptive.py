"""Rules with a rate for every entry that no library has, or not in this form."""

import numpy as np

from tests.dsl.references.dense import At, dense


@dense("adagrad_norm")
def adagrad_norm(at: At, *, lr, b0):
    norms = at.memory.setdefault("norms", [b0])
    norms.append(np.linalg.norm(np.concatenate([g.ravel() for g in at.g])))
    for w, g in zip(at.w, at.g, strict=True):
        w -= lr / np.linalg.norm(norms) * g


@dense("adam_eps_hat")
def adam_eps_hat(at: At, m, v, *, lr, b1, b2, eps):
    rate = lr * np.sqrt(1 - b2**at.t) / (1 - b1**at.t)
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        m[i] = b1 * m[i] + (1 - b1) * g
        v[i] = b2 * v[i] + (1 - b2) * g**2
        w -= rate * m[i] / (np.sqrt(v[i]) + eps)


@dense("adamnc")
def adamnc(at: At, m, total, *, lr, b1, eps, lam):
    momentum = b1 * lam ** (at.t - 1)
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        m[i] = momentum * m[i] + (1 - momentum) * g
        total[i] += g**2
        w -= lr / np.sqrt(at.t) * m[i] / (np.sqrt(total[i] / at.t) + eps)


@dense("adamomentum")
def adamomentum(at: At, m, v, *, lr, b1, b2, eps, wd):
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        m[i] = b1 * m[i] + (1 - b1) * (g + wd * w)
        v[i] = b2 * v[i] + (1 - b2) * m[i] ** 2 + eps
        w -= lr * np.sqrt(1 - b2**at.t) / (1 - b1**at.t) * m[i] / np.sqrt(v[i])
