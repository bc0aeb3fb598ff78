"""Steps that read the loss."""

import numpy as np

from tests.dsl.zoo.references.dense import At, dense
from tests.dsl.zoo.references.model import Leaves, flattened


def _squares(leaves) -> float:
    return float(np.sum(flattened(leaves) ** 2))


@dense("ali_g")
def ali_g(at: At, velocity, *, lr, b1, eps):
    size = min(at.loss / (_squares(at.g) + eps), lr)
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        w -= size * g
        velocity[i] = b1 * velocity[i] - size * g
        w += b1 * velocity[i]


@dense("alr_hb", "alr_shb")
def alr_hb(at: At, *, b1, f_min, c=1.0, lr=np.inf):
    here = [w.copy() for w in at.w]
    before = at.memory.get("before", here)
    at.memory["before"] = here
    moved = flattened(here) - flattened(before)
    size = (at.loss - f_min) / (c * _squares(at.g))
    size = min(size + b1 * (flattened(at.g) @ moved) / _squares(at.g), lr)
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        w += b1 * (here[i] - before[i]) - size * g


@dense("alr_mag", "alr_smag")
def alr_mag(at: At, d, *, b1, f_min, c=1.0, lr=np.inf, wd=0.0):
    for i, g in enumerate(at.g):
        d[i] = b1 * d[i] + g
    size = min((at.loss - f_min) / (c * _squares(d)), lr)
    for i, w in enumerate(at.w):
        w *= 1 - wd * size
        w -= size * d[i]


def _root(at: At, c: float) -> float:
    return float(np.sqrt(at.loss + c))


@dense("aegd")
def aegd(at: At, energy, *, lr, wd, c):
    root = _root(at, c)
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        _spend(w, g / (2 * root) + wd * w, energy, i, root if at.t == 1 else 0, lr)


@dense("aegdw")
def aegdw(at: At, energy, *, lr, wd, c):
    root = _root(at, c)
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        w *= 1 - lr * wd
        _spend(w, g / (2 * root), energy, i, root if at.t == 1 else 0, lr)


def _spend(w: np.ndarray, v: np.ndarray, energy: Leaves, i: int, gift: float, lr: float) -> None:
    energy[i] = (energy[i] + gift) / (1 + 2 * lr * v * v)
    w -= 2 * lr * energy[i] * v


@dense("aepg")
def aepg(at: At, *, lr, c, bound):
    root = _root(at, c)
    energy = at.memory.get("energy", root)
    w, slope = flattened(at.w), flattened(at.g) / (2 * root)
    barrier = 1 / (bound - w) ** 2 + 1 / (bound + w) ** 2
    metric = np.diag(barrier / (2 / bound**2))
    direction = np.linalg.solve(metric, slope)
    energy /= 1 + 2 * lr * slope @ direction
    at.memory["energy"] = energy
    ends = np.cumsum([leaf.size for leaf in at.w])[:-1]
    for leaf, part in zip(at.w, np.split(direction, ends), strict=True):
        leaf -= 2 * lr * energy * part.reshape(leaf.shape)


@dense("smb")
def smb(at: At, *, lr, c, eta):
    steps = [-lr * g for g in at.g]
    trial = [w + s for w, s in zip(at.w, steps, strict=True)]
    if at.loss_at(trial) <= at.loss - c * lr * _squares(at.g):
        for w, point in zip(at.w, trial, strict=True):
            w[...] = point
        return
    for w, g, there, s in zip(at.w, at.g, at.grad_at(trial), steps, strict=True):
        w += _minimum_of_model(g, there - g, s, eta)


def _minimum_of_model(g: np.ndarray, y: np.ndarray, s: np.ndarray, eta: float) -> np.ndarray:
    """The step to the minimum of a model that knows the gradients at both ends of `s`."""
    ss, yy, gg = (s * s).sum(), (y * y).sum(), (g * g).sum()
    ys, yg, sg = (y * s).sum(), (y * g).sum(), (s * g).sum()
    sigma = (np.sqrt(ss) * (np.sqrt(yy) + np.sqrt(gg) / eta) - ys) / 2
    theta = (ys + 2 * sigma) ** 2 - ss * yy
    of_g = -ss / (2 * sigma)
    of_s = of_g / theta * (-(ys + 2 * sigma) * yg + yy * sg)
    of_y = of_g / theta * (-(ys + 2 * sigma) * sg + ss * yg)
    return of_g * g + of_s * s + of_y * y
