"""Rules that ask for losses and gradients at other points, from the papers' equations."""

import numpy as np

from tests.dsl.zoo.references import model
from tests.dsl.zoo.references.dense import At, Leaves, dense


def _total_norm(leaves: Leaves) -> float:
    return float(np.linalg.norm(model.flattened(leaves)))


@dense("sam")
def sam(at: At, m, *, lr, b1, eps, wd, rho):
    scale = rho / (_total_norm(at.g) + eps)
    far = at.grad_at([w + scale * g for w, g in zip(at.w, at.g, strict=True)])
    _heavy_ball(at, far, m, lr, b1, wd)


@dense("asam")
def asam(at: At, m, *, lr, b1, eps, wd, rho):
    pairs = list(zip(at.w, at.g, strict=True))
    scale = rho / (_total_norm([np.abs(w) * g for w, g in pairs]) + eps)
    far = at.grad_at([w + scale * w**2 * g for w, g in pairs])
    _heavy_ball(at, far, m, lr, b1, wd)


def _heavy_ball(at: At, grads: Leaves, m: Leaves, lr: float, b1: float, wd: float) -> None:
    for i, w in enumerate(at.w):
        m[i] = b1 * m[i] + grads[i] + wd * w
        w -= lr * m[i]


@dense("fedspeed_local", state={"server": lambda leaves: [leaf.copy() for leaf in leaves]})
def fedspeed(at: At, server, dual, *, lr, eps, wd, rho, prox, c, period):
    scale = rho / (_total_norm(at.g) + eps)
    far = at.grad_at([w + scale * g for w, g in zip(at.w, at.g, strict=True)])
    q = [f + prox * (h - x) for f, h, x in zip(far, dual, server, strict=True)]
    size = _total_norm(q)
    shrink = c / (size + 1e-6) if size + 1e-6 > c else 1.0
    for w, part in zip(at.w, q, strict=True):
        w *= 1 - lr * (wd + prox)
        w -= lr * shrink * part
    if at.t % period == 0:
        for i, w in enumerate(at.w):
            dual[i] = dual[i] + w - server[i]
            server[i] = w + dual[i]
            w[...] = server[i]


@dense("gradient_regularized_sgd")
def gradient_regularized_sgd(at: At, *, lr, wd, gamma, ascent):
    share = gamma / ascent
    far = at.grad_at([w + ascent * g for w, g in zip(at.w, at.g, strict=True)])
    for w, g, f in zip(at.w, at.g, far, strict=True):
        w -= lr * ((1 - share) * g + share * f + wd * w)


@dense("zo_sgd")
def zo_sgd(at: At, *, lr, wd, mu):
    z = at.noise("normal")
    ahead = at.loss_at([w + mu * part for w, part in zip(at.w, z, strict=True)])
    behind = at.loss_at([w - mu * part for w, part in zip(at.w, z, strict=True)])
    slope = (ahead - behind) / (2 * mu)
    for w, part in zip(at.w, z, strict=True):
        w -= lr * (slope * part + wd * w)


@dense("deepzero_rge")
def deepzero_rge(at: At, m, *, lr, b1, wd, mu):
    steps = [mu * z / (np.sqrt(np.sum(z * z)) + 1e-8) for z in at.noise("normal")]
    rise = at.loss_at([w + e for w, e in zip(at.w, steps, strict=True)]) - at.loss
    _heavy_ball(at, [rise / mu * e for e in steps], m, lr, b1, wd)


@dense("deepzero_cge")
def deepzero_cge(at: At, m, shown, *, lr, b1, wd, mu, keep, period):
    if (at.t - 1) % period == 0:
        for i, z in enumerate(at.noise("normal")):
            count = int(np.ceil(keep * z.size))
            shown[i] = z >= np.sort(z, axis=None)[z.size - count]
    here, grads = at.loss, [np.zeros_like(w) for w in at.w]
    for i, w in enumerate(at.w):
        for entry in zip(*np.nonzero(shown[i]), strict=True) if w.ndim else [()]:
            there = [x.copy() for x in at.w]
            there[i][entry] += mu
            grads[i][entry] = (at.loss_at(there) - here) / mu
    _heavy_ball(at, grads, m, lr, b1, wd)


@dense("sa_sgld", state={"z": lambda leaves: [1.0 for _ in leaves]})
def sa_sgld(at: At, z, *, lr, alpha, low, high, r, s, temperature):
    decay = np.exp(-alpha * lr)
    for i, (w, g, noise) in enumerate(zip(at.w, at.g, at.noise("normal"), strict=True)):
        z[i] = decay * z[i] + (1 - decay) * np.sum(g**2) ** (s / 2) / alpha
        dt = lr * low * (z[i] ** r + high) / (z[i] ** r + low)
        w += -dt * g + np.sqrt(2 * dt * temperature) * noise


@dense("forward_gradient")
def forward_gradient(at: At, *, lr):
    v = at.noise("normal")
    slope = model.flattened(at.g) @ model.flattened(v)
    for w, part in zip(at.w, v, strict=True):
        w -= lr * slope * part


@dense("dp_sgd")
def dp_sgd(at: At, *, lr, c, sigma, batch):
    examples = at.gradients()
    total = [c * sigma * z / batch for z in at.noise("normal")]
    for grads in examples:
        shrink = min(1.0, c / _total_norm(grads)) / len(examples)
        total = [part + shrink * g for part, g in zip(total, grads, strict=True)]
    for w, part in zip(at.w, total, strict=True):
        w -= lr * part


@dense("ai_sarah")
def ai_sarah(at: At, v, *, beta, gamma):
    kept = at.memory
    if at.t == 1 or np.sum(model.flattened(v) ** 2) < gamma * kept["size"]:
        v[:] = at.full_grad_at(at.w)
        kept["size"] = np.sum(model.flattened(v) ** 2)
    features, targets = at.batch
    along = features @ model.flattened(v)
    out = np.tanh(features @ model.flattened(at.w))
    steep = 1 - out**2
    second = 4 * (steep**2 - 2 * (out - targets) * out * steep) / len(targets)
    third = 4 * (-6 * out * steep**2 - 2 * (out - targets) * steep * (1 - 3 * out**2))
    product = features.T @ (second * along)
    slope = -2 * np.sum(second * along**2)
    bend = 2 * np.sum(product**2) + 2 * np.sum(third * along**3) / len(targets)
    newton = -slope / abs(bend)
    step = min(newton, kept.get("most", np.inf))
    kept["inverse"] = 1 / newton if at.t == 1 else beta * kept["inverse"] + (1 - beta) / newton
    kept["most"] = 1 / kept["inverse"]
    for w, part in zip(at.w, v, strict=True):
        w -= step * part
    v[:] = [new - g + part for new, g, part in zip(at.grad_at(at.w), at.g, v, strict=True)]


@dense("consensus_based_optimization")
def consensus_based_optimization(at: At, *, lr, pull, sigma, alpha, growth, spread):
    def length(away: np.ndarray) -> np.ndarray:
        return np.linalg.norm(away, axis=1, keepdims=True)

    _consensus(at, length, lr, pull, sigma, alpha * growth ** (at.t - 1), spread)


@dense("consensus_based_optimization_anisotropic")
def consensus_based_optimization_anisotropic(at: At, *, lr, pull, sigma, alpha, growth, spread):
    _consensus(at, lambda away: away, lr, pull, sigma, alpha * growth ** (at.t - 1), spread)


def _consensus(at: At, distance, lr, pull, sigma, alpha, spread) -> None:
    """The weights relative to those of the best member, members as rows."""

    def drawn(stream: int) -> np.ndarray:
        parts = at.noise("normal", stream, members=20)
        return np.concatenate([part.reshape(20, -1) for part in parts], axis=1)

    if at.t == 1:
        at.memory["swarm"] = model.flattened(at.w) + spread * drawn(1)
    swarm = at.memory["swarm"]
    losses = np.array([at.loss_at(model.shaped(row, at.w)) for row in swarm])
    weights = np.exp(-min(alpha, 1e5) * (losses - losses.min()))
    consensus = weights @ swarm / weights.sum()
    away = swarm - consensus
    noise = np.sqrt(lr) * sigma * distance(away) * drawn(0)
    at.memory["swarm"] = consensus + (1 - lr * pull) * away + noise
    for w, part in zip(at.w, model.shaped(consensus, at.w), strict=True):
        w[...] = part
