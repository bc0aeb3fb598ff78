"""PSGD-Kron from its equations."""

import numpy as np

from tests.dsl.zoo.references.dense import At, dense

LETTERS = "abcd"


def along(matrices: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    """`x` times a matrix on every axis."""
    axes = LETTERS[: x.ndim]
    pairs = [f"{axis.upper()}{axis}" for axis in axes]
    return np.einsum(f"{','.join(pairs)},{axes}->{axes.upper()}", *matrices, x)


def products(x: np.ndarray, axis: int) -> np.ndarray:
    """Inner products of the slices of `x` along an axis."""
    others = [other for other in range(x.ndim) if other != axis]
    return np.tensordot(x, x, (others, others))


def norm_bound(a: np.ndarray) -> float:
    """PSGD's lower bound of the norm of a symmetric matrix."""
    row = a[np.argmax(np.sum(a**2, axis=1))]
    x = a @ row
    return float(np.linalg.norm(a @ x) / np.linalg.norm(x))


@dense("kron")
def kron(at: At, m, *, lr, b1, wd, pace, flat, fall, least, bound):
    often = np.clip(np.exp(-fall * (at.t - 1 - flat)), least, 1)
    at.memory["since"] = at.memory.get("since", 0) + 1
    change = at.memory["since"] >= 1 / often
    if change:
        at.memory["since"] = 0
        at.memory["changes"] = at.memory.get("changes", 0) + 1
    for i, (w, g, v) in enumerate(zip(at.w, at.g, at.noise("normal", 1), strict=True)):
        m[i] = b1 * m[i] + (1 - b1) * g
        h = m[i] / (1 - b1**at.t)
        if w.ndim < 2:
            q = at.memory.setdefault(("q", i), np.ones_like(w))
            if change:
                up, down = (q * h) ** 2, (v / q) ** 2
                q -= pace * (up - down) * q / np.max(up + down)
            u = q**2 * h
        else:
            qs = at.memory.setdefault(("q", i), [np.eye(n) for n in w.shape])
            if change:
                if at.memory["changes"] % 100 == 0:
                    sizes = np.array([np.max(np.abs(q)) for q in qs])
                    for q, size in zip(qs, sizes, strict=True):
                        q *= np.prod(sizes) ** (1 / len(sizes)) / size
                a, b = along(qs, h), along([np.linalg.inv(q).T for q in qs], v)
                for axis, q in enumerate(qs):
                    up, down = products(a, axis), products(b, axis)
                    q -= pace * np.triu(up - down) / norm_bound(up + down) @ q
            u = along([q.T @ q for q in qs], h)
        u = u * min(1, bound / (np.sqrt(np.mean(u**2)) + 1e-6))
        w -= lr * (u + (wd * w if w.ndim > 1 else 0))
