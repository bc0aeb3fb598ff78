"""Rules of 2024 and later that turn matrices, or give each tensor one number."""

import numpy as np

from tests.dsl.zoo.references.dense import At, dense
from tests.dsl.zoo.references.dense.matrices import _rotated, _second_moment


def _due(at: At, period: float) -> bool:
    return at.t == 1 or at.t % period == 0


def _leading(g: np.ndarray, size: int | None = None) -> np.ndarray:
    """The singular vectors on the shorter side as columns, largest entries positive."""
    u, _, vh = np.linalg.svd(g, full_matrices=False)
    p = (u if g.shape[0] < g.shape[1] else vh.T)[:, :size].copy()
    for column in p.T:
        column *= np.sign(column[np.argmax(np.abs(column))])
    return p


def _through(p: np.ndarray, x: np.ndarray, like: np.ndarray, back: bool = False) -> np.ndarray:
    """A matrix in the basis of the shorter side of `like`, or back out of it."""
    if like.shape[0] < like.shape[1]:
        return (p if back else p.T) @ x
    return x @ (p.T if back else p)


@dense("conda")
def conda(at: At, m, v, *, lr, b1, b2, eps, wd, period, scale):
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        m[i] = b1 * m[i] + (1 - b1) * g
        seen, there = g, m[i]
        if g.ndim == 2:
            if _due(at, period):
                at.memory[i] = _leading(m[i])
            seen, there = (_through(at.memory[i], x, g) for x in (g, m[i]))
        v[i] = b2 * v[i] + (1 - b2) * seen**2
        u = there / (np.sqrt(v[i]) + eps)
        if g.ndim == 2:
            u = scale * _through(at.memory[i], u, g, back=True)
        w -= lr * np.sqrt(1 - b2**at.t) / (1 - b1**at.t) * u
        w *= 1 - lr * wd


@dense("splus")
def splus(at: At, m, *, lr, b1, b2, wd, period, other, keep):
    at.point = list(at.point)
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        m[i] = b1 * m[i] + (1 - b1) * g
        if g.ndim != 2:
            u, rate = np.sign(m[i]), lr * other
        else:
            sides, bases = at.memory.setdefault(
                i, ([0.0, 0.0], [np.eye(length) for length in g.shape])
            )
            u, rate = (
                _rotated(bases, np.sign(_rotated(bases, m[i])), back=True),
                lr * 2 / sum(g.shape),
            )
            for axis in range(2):
                sides[axis] = b2 * sides[axis] + (1 - b2) * _second_moment(g, axis)
                if _due(at, period):
                    bases[axis] = np.linalg.eigh(sides[axis])[1]
        w -= rate * u
        w *= 1 - rate * wd
        sums = at.memory.setdefault(("sum", i), np.zeros_like(w))
        sums[...] = keep * sums + (1 - keep) * w
        at.point[i] = sums / (1 - keep**at.t)


@dense("fira")
def fira(at: At, *, lr, b1, b2, eps, wd, size, period, scale):
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        if _due(at, period):
            at.memory["p", i] = _leading(g, round(size))
        p = at.memory["p", i]
        r = _through(p, g, g)
        m, v = at.memory.get(("moments", i), (np.zeros_like(r), np.zeros_like(r)))
        m, v = b1 * m + (1 - b1) * r, b2 * v + (1 - b2) * r**2
        at.memory["moments", i] = m, v
        n = m / (np.sqrt(v) + eps)
        axis = 0 if g.shape[0] < g.shape[1] else 1
        lengths = [np.linalg.norm(x, axis=axis, keepdims=True) for x in (n, r)]
        lost = lengths[0] / (lengths[1] + 1e-8) * (g - scale * _through(p, r, g, back=True))
        norm = np.linalg.norm(lost)
        if at.t > 1:
            bound = 1.01 * (at.memory["last", i] + 1e-8)
            shrink = min(1.0, bound / norm)
            lost, norm = shrink * lost, shrink * norm
        at.memory["last", i] = norm
        u = scale * _through(p, n, g, back=True) + lost
        w -= lr * np.sqrt(1 - b2**at.t) / (1 - b1**at.t) * u
        w *= 1 - lr * wd


@dense("adam_mini")
def adam_mini(at: At, m, *, lr, b1, b2, eps, wd):
    moments = at.memory.setdefault("v", [0.0] * len(at.w))
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        m[i] = b1 * m[i] + (1 - b1) * g
        moments[i] = b2 * moments[i] + (1 - b2) * np.vdot(g, g) / g.size
        root = np.sqrt(moments[i] / (1 - b2**at.t)) + eps
        w -= lr * (m[i] / ((1 - b1**at.t) * root) + wd * w)


@dense("bsam")
def bsam(at: At, m, *, lr, b1, b2, wd, data, rho, damping):
    s = at.memory.setdefault("s", [np.ones_like(w) for w in at.w])
    draws = zip(at.w, at.noise("normal"), s, strict=True)
    first = at.grad_at([w + z / np.sqrt(data * p) for w, z, p in draws])
    second = at.grad_at([w + rho * g / p for w, g, p in zip(at.w, first, s, strict=True)])
    for i, w in enumerate(at.w):
        m[i] = b1 * m[i] + (1 - b1) * (second[i] + wd * w)
        w -= lr * m[i] / s[i]
        s[i] = b2 * s[i] + (1 - b2) * (np.sqrt(s[i] * first[i] ** 2) + damping + wd)
