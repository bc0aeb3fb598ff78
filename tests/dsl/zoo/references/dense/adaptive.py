"""Rules with a rate for every entry that no library has, or not in this form."""

import numpy as np

from tests.dsl.zoo.references import model
from tests.dsl.zoo.references.dense import At, dense


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


def _amsgrad(at: At, m, v, top, b1, b2) -> list[np.ndarray]:
    """AMSGrad's roots after this step, for a second moment that starts at 1e-8."""
    for i, g in enumerate(at.g):
        m[i] = b1 * m[i] + (1 - b1) * g
        v[i] = (b2 * v[i] if at.t > 1 else b2 * 1e-8) + (1 - b2) * g**2
        top[i] = np.maximum(top[i], v[i])
    return [np.sqrt(part) for part in top]


def _extrapolated(points: list[np.ndarray], lam: float) -> np.ndarray:
    """The regularized minimal polynomial extrapolation of a sequence of vectors."""
    u = np.diff(np.array(points).T)
    z = np.linalg.solve(u.T @ u + lam * np.eye(u.shape[1]), np.ones(u.shape[1]))
    return np.array(points[:-1]).T @ (z / z.sum())


@dense("opt_amsgrad")
def opt_amsgrad(at: At, m, v, top, *, lr, b1, b2, lam):
    hidden = at.memory.setdefault("hidden", [w.copy() for w in at.w])
    past = at.memory.setdefault("past", [])
    past.append(model.flattened(at.g))
    flat = _extrapolated(past[-6:], lam) if at.t > 1 else past[0]
    before = [part.copy() for part in m]
    roots = _amsgrad(at, m, v, top, b1, b2)
    for i, predicted in enumerate(model.shaped(flat, at.w)):
        hidden[i] = hidden[i] - lr * m[i] / roots[i]
        at.w[i][...] = hidden[i] - lr * (b1 * before[i] + (1 - b1) * predicted) / roots[i]


@dense("optimistic_amsgrad")
def optimistic_amsgrad(at: At, m, v, top, last, *, lr, b1, b2):
    roots = _amsgrad(at, m, v, top, b1, b2)
    for i, w in enumerate(at.w):
        direction = m[i] / roots[i]
        w -= 2 * lr * direction - lr * last[i]
        last[i] = direction
