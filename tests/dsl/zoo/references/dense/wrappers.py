"""Clipping, projections, masks, schedules and server rules around plain steps."""

import math

import numpy as np

from tests.dsl.zoo.references.dense import At, dense


def _sgd(at: At, grads, lr: float, wd: float) -> None:
    for w, g in zip(at.w, grads, strict=True):
        w -= lr * g + lr * wd * w


def _adam_direction(at: At, grads, m, v, b1: float, b2: float, eps: float):
    for i, g in enumerate(grads):
        m[i] = b1 * m[i] + (1 - b1) * g
        v[i] = b2 * v[i] + (1 - b2) * g * g
        corrected = m[i] / (1 - b1**at.t)
        yield corrected / (np.sqrt(v[i] / (1 - b2**at.t)) + eps)


def _norm(parts) -> float:
    return math.sqrt(sum(float(np.vdot(part, part)) for part in parts))


# Clipping.


def _shortened(grads, c: float):
    size = _norm(grads)
    return grads if size < c else [g * (c / size) for g in grads]


@dense("sgd_clipped_by_global_norm")
def sgd_clipped(at: At, *, lr, wd, c):
    _sgd(at, _shortened(at.g, c), lr, wd)


@dense("adamw_clipped_by_global_norm")
def adamw_clipped(at: At, m, v, *, lr, b1, b2, eps, wd, c):
    grads = _shortened(at.g, c)
    for w, u in zip(at.w, _adam_direction(at, grads, m, v, b1, b2, eps), strict=True):
        w *= 1 - lr * wd
        w -= lr * u


@dense("sgd_zclip")
def sgd_zclip(at: At, *, lr, wd, c, z, a, factor, warmup):
    tiny = 1e-6
    memory = at.memory
    size = _norm(at.g)
    if at.t <= warmup:
        shrink = min(1.0, c / (size + tiny))
        seen = memory.setdefault("norms", [])
        seen.append(size)
        if at.t == warmup:
            memory["mean"], memory["variance"] = np.mean(seen), np.var(seen)
    else:
        deviation = math.sqrt(memory["variance"])
        score = (size - memory["mean"]) / (deviation + tiny)
        target = size
        if score > z:
            target = factor * (memory["mean"] + z * deviation / (score / z))
        allowed = min(target, c)
        shrink = allowed / (size + tiny) if size > allowed else 1.0
        memory["mean"] = a * memory["mean"] + (1 - a) * target
        off = target - memory["mean"]
        memory["variance"] = a * memory["variance"] + (1 - a) * off**2
    _sgd(at, [g * shrink for g in at.g], lr, wd)


# Directions.


@dense("sgd_perp_grad")
def sgd_perp_grad(at: At, *, lr, wd):
    turned = []
    for w, g in zip(at.w, at.g, strict=True):
        rest = g - (np.vdot(w, g) / (np.vdot(w, w) + 1e-30)) * w
        left = _norm([rest])
        parallel = left <= 1e-6 * _norm([g])
        turned.append(np.zeros_like(g) if parallel else rest * _norm([g]) / (left + 1e-30))
    _sgd(at, turned, lr, wd)


@dense("sgd_gradient_noise")
def sgd_gradient_noise(at: At, *, lr, wd, eta, gamma):
    deviation = math.sqrt(eta * at.t**-gamma)
    noise = at.noise("normal", 0)
    _sgd(at, [g + deviation * z for g, z in zip(at.g, noise, strict=True)], lr, wd)


@dense("cautious_adamw_paper")
def cautious_adamw_paper(at: At, m, v, *, lr, b1, b2, eps, wd):
    directions = _adam_direction(at, at.g, m, v, b1, b2, eps)
    for w, g, u in zip(at.w, at.g, directions, strict=True):
        agrees = np.sign(u) * np.sign(g) > 0
        scaled = np.where(agrees, u * w.size / (np.count_nonzero(agrees) + 1), 0.0)
        w -= lr * wd * w + lr * scaled


# Schedules.


@dense("sgd_linear_decay")
def sgd_linear_decay(at: At, *, lr, wd):
    _sgd(at, at.g, lr * (at.T - at.t) / at.T, wd)


@dense("sgd_cosine")
def sgd_cosine(at: At, *, lr, wd, lr_min):
    done = (at.t - 1) / at.T
    _sgd(at, at.g, lr_min + 0.5 * (lr - lr_min) * (1 + math.cos(done * math.pi)), wd)


@dense("sgd_warmup")
def sgd_warmup(at: At, *, lr, wd, warmup):
    _sgd(at, at.g, lr * at.t / warmup if at.t < warmup else lr, wd)


@dense("sgd_uba")
def sgd_uba(at: At, *, lr, wd, lr_min, phi):
    above = 1 + math.cos(math.pi * (at.t - 1) / at.T)
    part = 2 * above / (2 * phi + (2 - phi) * above)
    _sgd(at, at.g, (lr - lr_min) * part + lr_min, wd)


# Server rules: the gradient stands for the negative of the clients' mean move.


def _served(at: At, m, v, lr: float, b1: float, eps: float) -> None:
    for i, w in enumerate(at.w):
        m[i] = b1 * m[i] - (1 - b1) * at.g[i]
        w += lr * m[i] / (np.sqrt(v[i]) + eps)


def _begun(leaves):
    return [np.full_like(leaf, 1e-3**2) for leaf in leaves]


@dense("fed_adagrad", state={"v": _begun})
def fed_adagrad(at: At, m, v, *, lr, b1, eps):
    for i, g in enumerate(at.g):
        v[i] = v[i] + g**2
    _served(at, m, v, lr, b1, eps)


@dense("fed_adam", state={"v": _begun})
def fed_adam(at: At, m, v, *, lr, b1, b2, eps):
    for i, g in enumerate(at.g):
        v[i] = b2 * v[i] + (1 - b2) * g**2
    _served(at, m, v, lr, b1, eps)


@dense("fed_yogi", state={"v": _begun})
def fed_yogi(at: At, m, v, *, lr, b1, b2, eps):
    for i, g in enumerate(at.g):
        below = v[i] < g**2
        v[i] = np.where(below, v[i] + (1 - b2) * g**2, v[i] - (1 - b2) * g**2)
    _served(at, m, v, lr, b1, eps)


# Slow parameters.


def _meet(at: At, period: float, alpha: float, begun) -> None:
    """Set the parameters back after each `period`-th step; `begun` are those before it."""
    slow = at.memory.setdefault("slow", begun)
    if at.t % round(period) == 0:
        for w, old in zip(at.w, slow, strict=True):
            w[...] = old + alpha * (w - old)
        at.memory["slow"] = [w.copy() for w in at.w]
    at.point = at.memory["slow"]


@dense("lookahead_sgd")
def lookahead_sgd(at: At, m, *, lr, b1, wd, period, alpha):
    begun = [w.copy() for w in at.w]
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        m[i] = b1 * m[i] + g + wd * w
        w -= lr * m[i]
    _meet(at, period, alpha, begun)


@dense("lookahead_adam")
def lookahead_adam(at: At, m, v, *, lr, b1, b2, eps, wd, period, alpha):
    begun = [w.copy() for w in at.w]
    grads = [g + wd * w for w, g in zip(at.w, at.g, strict=True)]
    for w, u in zip(at.w, _adam_direction(at, grads, m, v, b1, b2, eps), strict=True):
        w -= lr * u
    _meet(at, period, alpha, begun)
