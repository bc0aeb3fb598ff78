"""SAM's kin, and a mask that looks at momentum, from their equations."""

import numpy as np

from tests.dsl.zoo.references.dense import At, Leaves, dense
from tests.dsl.zoo.references.model import flattened


def _uphill(at: At, along: Leaves, rho: float, eps: float) -> Leaves:
    """The gradient at the end of an ascent of length rho."""
    size = np.linalg.norm(flattened(along)) + eps
    return at.grad_at([w + rho * d / size for w, d in zip(at.w, along, strict=True)])


def _heavy_ball(at: At, m: Leaves, g: Leaves, lr: float, b1: float, wd: float) -> None:
    for i, w in enumerate(at.w):
        m[i] = b1 * m[i] + g[i] + wd * w
        w -= lr * m[i]


@dense("friendly_sam")
def friendly_sam(at: At, m, *, lr, b1, b2, eps, wd, rho, sigma):
    own, past = at.g, at.memory.get("past", at.g)
    if at.t > 1:
        own = [g - sigma * p for g, p in zip(at.g, past, strict=True)]
    at.memory["past"] = [b2 * p + (1 - b2) * g for g, p in zip(at.g, past, strict=True)]
    _heavy_ball(at, m, _uphill(at, own, rho, eps), lr, b1, wd)


@dense("wsam")
def wsam(at: At, m, *, lr, b1, eps, wd, rho, gamma):
    sharp, before = _uphill(at, at.g, rho, eps), at.g
    _heavy_ball(at, m, before, lr, b1, wd)
    for w, s, g in zip(at.w, sharp, before, strict=True):
        w -= lr * gamma / (1 - gamma) * (s - g)


@dense("looksam")
def looksam(at: At, m, kept, *, lr, b1, eps, wd, rho, alpha, period):
    if (at.t - 1) % period == 0:
        chosen = _uphill(at, at.g, rho, eps)
        for i, (g, s) in enumerate(zip(at.g, chosen, strict=True)):
            kept[i] = s - np.vdot(g, s) / np.vdot(g, g) * g
    else:
        sizes = [
            np.sqrt(np.vdot(g, g)) / (np.sqrt(np.vdot(k, k)) + 1e-8)
            for g, k in zip(at.g, kept, strict=True)
        ]
        chosen = [g + alpha * size * k for g, size, k in zip(at.g, sizes, kept, strict=True)]
    _heavy_ball(at, m, chosen, lr, b1, wd)


@dense("gsam")
def gsam(at: At, m, *, lr, b1, eps, wd, rho, alpha):
    sharp = _uphill(at, at.g, rho, eps)
    one, other = flattened(at.g), flattened(sharp)
    sizes = np.linalg.norm(one), np.linalg.norm(other)
    part = one @ other / (sizes[0] * sizes[1] + eps) * sizes[0] / (sizes[1] + eps)
    mixed = [s - alpha * (g - part * s) for s, g in zip(sharp, at.g, strict=True)]
    _heavy_ball(at, m, mixed, lr, b1, wd)


@dense("magma")
def magma(at: At, m, v, *, lr, b1, b2, b3, eps, wd, tau):
    aligned = at.memory.setdefault("aligned", [1.0] * len(at.w))
    for i, (w, g, z) in enumerate(zip(at.w, at.g, at.noise("normal"), strict=True)):
        m[i] = b1 * m[i] + (1 - b1) * g
        v[i] = b2 * v[i] + (1 - b2) * g**2
        cosine = np.vdot(m[i], g) / np.sqrt(np.vdot(m[i], m[i]) * np.vdot(g, g))
        aligned[i] = b3 * aligned[i] + (1 - b3) / (1 + np.exp(-cosine / tau))
        if z.sum() > 0:
            root = np.sqrt(v[i] / (1 - b2**at.t)) + eps
            w -= lr * aligned[i] * (m[i] / ((1 - b1**at.t) * root) + wd * w)
