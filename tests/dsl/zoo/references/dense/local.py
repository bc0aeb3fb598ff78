"""Workers with their own parts of a batch, each with its own parameters."""

import numpy as np

from tests.dsl.zoo.references import model
from tests.dsl.zoo.references.dense import At, dense

WORKERS = 4


def _gradients(at: At, points):
    """The gradient of each worker at its point, on its examples."""
    features, targets = at.batch
    own = zip(np.split(features, WORKERS), np.split(targets, WORKERS), strict=True)
    return [
        model.as_numpy(model.gradient(point, batch))
        for point, batch in zip(points, own, strict=True)
    ]


def _points(at: At):
    """Where the workers are, from the first parameters on."""
    if not at.memory:
        at.memory["points"] = [[w.copy() for w in at.w] for _ in range(WORKERS)]
    return at.memory["points"]


def _settled(at: At, points, period: float) -> None:
    """After the steps: the mean, which is where all go at a meeting."""
    for i, w in enumerate(at.w):
        w[...] = np.mean([point[i] for point in points], axis=0)
        if at.t % int(period) == 0:
            for point in points:
                point[i] = w.copy()


@dense("local_sgd")
def local_sgd(at: At, *, lr, wd, period):
    points = _points(at)
    for point, grads in zip(points, _gradients(at, points), strict=True):
        for i, g in enumerate(grads):
            point[i] = point[i] - lr * (g + wd * point[i])
    _settled(at, points, period)


@dense("local_adam")
def local_adam(at: At, *, lr, b1, b2, eps, wd, period):
    points = _points(at)
    for k, (point, grads) in enumerate(zip(points, _gradients(at, points), strict=True)):
        for i, g in enumerate(grads):
            m, v = at.memory.get((k, i), (0.0, 0.0))
            g = g + wd * point[i]
            m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
            at.memory[k, i] = m, v
            root = np.sqrt(v / (1 - b2**at.t)) + eps
            point[i] = point[i] - lr * (m / (1 - b1**at.t)) / root
    _settled(at, points, period)


def _scaled(at: At, refresh, lr: float, eps: float, period: float) -> None:
    """Steps over a scaling that `refresh` makes of the workers' mean gradient after a meeting."""
    points = _points(at)
    grads = _gradients(at, points)
    if (at.t - 1) % int(period) == 0:
        mean = [np.mean(parts, axis=0) for parts in zip(*grads, strict=True)]
        at.memory["scaling"] = refresh(at.memory.get("scaling"), mean)
    for point, own in zip(points, grads, strict=True):
        for i, (g, d) in enumerate(zip(own, at.memory["scaling"], strict=True)):
            point[i] = point[i] - lr * g / np.maximum(eps, np.abs(d))
    _settled(at, points, period)


@dense("savic_rmsprop")
def savic_rmsprop(at: At, *, lr, b2, eps, period):
    def refresh(before, grads):
        before = before or [0.0] * len(grads)
        both = zip(before, grads, strict=True)
        return [np.sqrt(b2 * d**2 + (1 - b2) * g**2) for d, g in both]

    _scaled(at, refresh, lr, eps, period)


@dense("savic_adam")
def savic_adam(at: At, *, lr, b2, eps, period):
    def refresh(before, grads):
        """A mean of squares whose weights fade by b2 and add up to 1."""
        seen = at.memory.setdefault("seen", [])
        seen.append(grads)
        weights = np.array([b2**age for age in range(len(seen))][::-1])
        weights /= weights.sum()
        return [
            np.sqrt(sum(weight * g**2 for weight, g in zip(weights, parts, strict=True)))
            for parts in zip(*seen, strict=True)
        ]

    _scaled(at, refresh, lr, eps, period)


@dense("savic_oasis")
def savic_oasis(at: At, *, lr, b2, eps, period):
    def refresh(before, _):
        z = at.noise("rademacher")
        found = [x * hx for x, hx in zip(z, at.hvp(z), strict=True)]
        if before is None:
            return found
        return [b2 * d + (1 - b2) * x for d, x in zip(before, found, strict=True)]

    _scaled(at, refresh, lr, eps, period)
