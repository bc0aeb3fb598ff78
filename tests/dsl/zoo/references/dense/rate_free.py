"""Rules that find their rate or do without a schedule."""

import numpy as np

from tests.dsl.zoo.references.dense import At, Leaves, dense


def _copies(leaves: Leaves) -> Leaves:
    return [leaf.copy() for leaf in leaves]


def _joined(leaves: Leaves) -> np.ndarray:
    return np.concatenate([leaf.ravel() for leaf in leaves])


def _set(w: Leaves, flat: np.ndarray) -> None:
    parts = np.split(flat, np.cumsum([leaf.size for leaf in w])[:-1])
    for leaf, part in zip(w, parts, strict=True):
        leaf[...] = part.reshape(leaf.shape)


@dense("d_adapt_sgd")
def d_adapt_sgd(at: At, *, lr, b1, wd, d0):
    """Algorithm 4 of the paper, with iterates mixed by momentum; the model is one long vector."""
    x, gradient = _joined(at.w), _joined(at.g)
    kept = at.memory
    if not kept:
        kept.update(x0=x, d=d0, sum=np.zeros_like(x), inner=0.0, g0=np.linalg.norm(gradient))
    gradient = gradient + wd * x
    weight = kept["d"] * lr / kept["g0"]
    kept["inner"] += weight * (gradient @ kept["sum"])
    kept["sum"] = kept["sum"] + weight * gradient
    estimate = 2 * kept["inner"] / np.linalg.norm(kept["sum"])
    kept["d"] = max(kept["d"], estimate)
    z = kept["x0"] - kept["sum"]
    _set(at.w, b1 * x + (1 - b1) * z)


@dense("l_dog", state={"origin": _copies})
def l_dog(at: At, origin, *, lr, eps, wd, reps_rel):
    """Each tensor has its own largest distance and its own sum of squared gradient norms."""
    for i, (w, g, start) in enumerate(zip(at.w, at.g, origin, strict=True)):
        g = g + wd * w
        if at.t == 1:
            farthest = reps_rel * (1 + np.linalg.norm(start.ravel()))
            squares = eps + np.sum(g**2)
        else:
            farthest, squares = at.memory[i]
            farthest = max(farthest, np.linalg.norm((w - start).ravel()))
            squares += np.sum(g**2)
        at.memory[i] = farthest, squares
        w -= lr * farthest / np.sqrt(squares) * g


def _mechanic(at: At, proposed, eps, s_init, s_decay):
    """The learners as vectors over their decay rates; the model is one long vector."""
    x, gradient, update = _joined(at.w), _joined(at.g), _joined(proposed)
    beta = np.array([0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999])
    n = beta.size
    kept = at.memory
    if not kept:
        kept.update(ref=x, s=np.zeros(n), r=np.zeros(n), v=np.zeros(n), m=np.full(n, 1e-6))
    s, r, v, m = (kept[name] for name in "srvm")
    moved = x + update
    decay = s_decay * np.sum(s) * np.linalg.norm(gradient) / (np.linalg.norm(moved) + eps) * moved
    delta = (x - kept["ref"]) / (np.sum(s) + eps)
    h = delta @ (gradient + decay)
    m = np.maximum(beta * m, abs(h))
    v = beta**2 * v + h**2
    r = np.clip(beta * r - s * h, 0, None)
    s = (m * s_init / n + r) / (np.sqrt(v) + eps)
    kept.update(s=s, r=r, v=v, m=m)
    _set(at.w, kept["ref"] + max(np.sum(s), 0.0) * (delta + update))


@dense("mechanic_sgd")
def mechanic_sgd(at: At, *, lr, eps, s_init, s_decay):
    _mechanic(at, [-lr * g for g in at.g], eps, s_init, s_decay)


@dense("mechanic_adamw")
def mechanic_adamw(at: At, m, v, *, lr, b1, b2, eps, wd, eps_1, s_init, s_decay):
    steps = []
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        m[i] = b1 * m[i] + (1 - b1) * g
        v[i] = b2 * v[i] + (1 - b2) * g**2
        root = np.sqrt(v[i] / (1 - b2**at.t)) + eps
        steps.append(-lr * (m[i] / (1 - b1**at.t) / root) - lr * wd * w)
    _mechanic(at, steps, eps_1, s_init, s_decay)


@dense("mechanic_lion")
def mechanic_lion(at: At, m, *, lr, b1, b2, wd, eps_1, s_init, s_decay):
    steps = []
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        steps.append(-lr * np.sign(b1 * m[i] + (1 - b1) * g) - lr * wd * w)
        m[i] = b2 * m[i] + (1 - b2) * g
    _mechanic(at, steps, eps_1, s_init, s_decay)
