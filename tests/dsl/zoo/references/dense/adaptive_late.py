"""Adaptive methods of recent years, and two that choose their own rate."""

import math

import numpy as np

from tests.dsl.zoo.references.dense import At, dense


def _inner(a, b) -> float:
    """The inner product over all tensors."""
    return math.fsum(float(np.vdot(x, y)) for x, y in zip(a, b, strict=True))


@dense("innaprop")
def innaprop(at: At, psi, second, *, lr, b2, eps, wd, alpha, beta):
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        if at.t == 1:
            psi[i] = (1 - alpha * beta) * w
        w *= 1 - lr * wd
        second[i] = b2 * second[i] + (1 - b2) * g**2
        root = np.sqrt(second[i]) / math.sqrt(1 - b2**at.t) + eps
        psi[i] = psi[i] * (1 - lr / beta) + w * (lr / beta - lr * alpha)
        own = 1 + lr * (1 - alpha * beta) / (beta - lr)
        w[...] = own * w - lr / (beta - lr) * psi[i] - lr * beta * g / root


@dense("grams")
def grams(at: At, first, second, *, lr, b1, b2, eps, wd):
    rate = lr * math.sqrt(1 - b2**at.t) / (1 - b1**at.t)
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        w -= lr * wd * w
        first[i] = b1 * first[i] + (1 - b1) * g
        second[i] = b2 * second[i] + (1 - b2) * g * g
        size = np.abs(rate * first[i] / (np.sqrt(second[i]) + eps))
        w -= np.where(g > 0, size, np.where(g < 0, -size, 0.0))


@dense("cautious_adamw")
def cautious_adamw(at: At, first, second, *, lr, b1, b2, eps, wd):
    rate = lr * math.sqrt(1 - b2**at.t) / (1 - b1**at.t)
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        w *= 1 - lr * wd
        first[i] = b1 * first[i] + (1 - b1) * g
        second[i] = b2 * second[i] + (1 - b2) * g * g
        same = (np.sign(first[i]) == np.sign(g)) & (g != 0)
        scale = 1 / max(np.count_nonzero(same) / g.size, 1e-3)
        step = rate * scale * first[i] / (np.sqrt(second[i]) + eps)
        w[same] -= step[same]


def _reduced(at: At, other, factor: float):
    """Gradients plus `factor` times their distance from `other`, in unit balls."""
    made = [g + factor * (g - o) for g, o in zip(at.g, other, strict=True)]
    sizes = [float(np.linalg.norm(c.ravel())) for c in made]
    return [c / size if size > 1 else c for c, size in zip(made, sizes, strict=True)]


def _at_the_last_parameters(at: At):
    """The gradient of this batch where the last step began, zeros on the first step."""
    was = at.memory.get("was")
    at.memory["was"] = [w.copy() for w in at.w]
    return [np.zeros_like(w) for w in at.w] if was is None else at.grad_at(was)


def _mars_adamw(at: At, other, first, second, lr, b1, b2, eps, wd, gamma):
    corrected = _reduced(at, other, gamma * b1 / (1 - b1))
    for i, (w, c) in enumerate(zip(at.w, corrected, strict=True)):
        first[i] = b1 * first[i] + (1 - b1) * c
        second[i] = b2 * second[i] + (1 - b2) * c**2
        root = np.sqrt(second[i]) / math.sqrt(1 - b2**at.t) + eps
        w *= 1 - lr * wd
        w -= lr * first[i] / (root * (1 - b1**at.t))


@dense("mars_adamw")
def mars_adamw(at: At, last, first, second, *, lr, b1, b2, eps, wd, gamma):
    _mars_adamw(at, last, first, second, lr, b1, b2, eps, wd, gamma)
    last[:] = at.g


@dense("mars_adamw_exact")
def mars_adamw_exact(at: At, first, second, *, lr, b1, b2, eps, wd, gamma):
    _mars_adamw(at, _at_the_last_parameters(at), first, second, lr, b1, b2, eps, wd, gamma)


@dense("mars_lion_exact")
def mars_lion_exact(at: At, first, *, lr, b1, wd, gamma):
    corrected = _reduced(at, _at_the_last_parameters(at), gamma * b1 / (1 - b1))
    for i, (w, c) in enumerate(zip(at.w, corrected, strict=True)):
        first[i] = b1 * first[i] + (1 - b1) * c
        w -= lr * (np.sign(first[i]) + wd * w)


@dense("swats")
def swats(at: At, first, second, *, lr, b1, b2, eps):
    memory = at.memory
    if "rate" in memory:
        for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
            memory["buffer"][i] = b1 * memory["buffer"][i] + g
            w -= (1 - b1) * memory["rate"] * memory["buffer"][i]
        return
    moves = []
    rate = lr * math.sqrt(1 - b2**at.t) / (1 - b1**at.t)
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        first[i] = b1 * first[i] + (1 - b1) * g
        second[i] = b2 * second[i] + (1 - b2) * g * g
        moves.append(-rate * first[i] / (np.sqrt(second[i]) + eps))
        w += moves[-1]
    along = _inner(moves, at.g)
    if along == 0:
        return
    estimate = _inner(moves, moves) / -along
    memory["average"] = b2 * memory.get("average", 0.0) + (1 - b2) * estimate
    corrected = memory["average"] / (1 - b2**at.t)
    if at.t > 1 and abs(corrected - estimate) < eps:
        memory["rate"] = corrected
        memory["buffer"] = [np.zeros_like(w) for w in at.w]


@dense("momo")
def momo(at: At, mean, *, lr, b1, wd, lower):
    memory = at.memory
    if at.t == 1:
        mean[:] = at.g
        memory.update(value=at.loss, slope=_inner(at.g, at.w))
    else:
        mean[:] = [b1 * d + (1 - b1) * g for d, g in zip(mean, at.g, strict=True)]
        memory["value"] += (1 - b1) * (at.loss - memory["value"])
        memory["slope"] += (1 - b1) * (_inner(at.g, at.w) - memory["slope"])
    grown = 1 + lr * wd
    excess = grown * (memory["value"] - lower - memory["slope"]) + _inner(mean, at.w)
    rate = min(lr, max(excess, 0.0) / _inner(mean, mean))
    for w, d in zip(at.w, mean, strict=True):
        w[...] = (w - rate * d) / grown


@dense("momo_adam")
def momo_adam(at: At, mean, second, *, lr, b1, b2, eps, wd, lower):
    memory = at.memory
    mean[:] = [b1 * d + (1 - b1) * g for d, g in zip(mean, at.g, strict=True)]
    second[:] = [b2 * v + (1 - b2) * g**2 for v, g in zip(second, at.g, strict=True)]
    memory["value"] = b1 * memory.get("value", 0.0) + (1 - b1) * at.loss
    memory["slope"] = b1 * memory.get("slope", 0.0) + (1 - b1) * _inner(at.g, at.w)
    grown, share = 1 + lr * wd, 1 - b1**at.t
    scales = [eps + np.sqrt(v / (1 - b2**at.t)) for v in second]
    excess = grown * (memory["value"] - share * lower - memory["slope"]) + _inner(mean, at.w)
    sizes = [d / scale for d, scale in zip(mean, scales, strict=True)]
    rate = min(lr / share, max(excess, 0.0) / _inner(mean, sizes))
    for w, d, scale in zip(at.w, mean, scales, strict=True):
        w[...] = (w - rate * d / scale) / grown


@dense("adam_cm")
def adam_cm(at: At, momenta, second, *, lr, b1, b2, eps, wd, decay):
    kept = at.memory.setdefault("kept", [])  # pairs of a priority and a value for each tensor
    priority = sum(float(np.linalg.norm(g.ravel())) for g in at.g)
    if kept:
        momenta[:] = [b1 * m + (1 - b1) * g for m, g in zip(momenta, at.g, strict=True)]
        pulled = [m + sum(x[i] for _, x in kept) / len(kept) for i, m in enumerate(momenta)]
        value = [m.copy() for m in momenta]
    else:
        pulled = [np.zeros_like(w) for w in at.w]
        value = [g.copy() for g in at.g]
    if len(kept) < 5:
        kept.append((priority, value))
    else:
        lowest = min(range(5), key=lambda place: kept[place][0])
        if priority > kept[lowest][0]:
            kept[lowest] = (priority, value)
    at.memory["kept"] = [(decay * key, x) for key, x in kept]
    for i, w in enumerate(at.w):
        w *= 1 - lr * wd
        second[i] = b2 * second[i] + (1 - b2) * pulled[i] ** 2
        root = np.sqrt(second[i]) / math.sqrt(1 - b2**at.t) + eps
        w -= lr / (1 - b1**at.t) * pulled[i] / root


@dense("bcos")
def bcos(at: At, momentum, *, lr, b1, eps, wd):
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        before = g if at.t == 1 else momentum[i]
        share = 1 - (1 - b1) ** 2
        root = np.sqrt(share * before**2 + (1 - share) * g * g)
        momentum[i] = before + (1 - b1) * (g - before)
        w *= 1 - lr * wd
        w -= lr * momentum[i] / (root + eps)
