"""Rules that use second-order information, from the papers' equations."""

import numpy as np

from tests.dsl.zoo.references import model
from tests.dsl.zoo.references.dense import At, Leaves, dense


def _hutchinson(at: At, d: list, b2: float) -> Leaves:
    """The average of the estimates of the Hessian's diagonal, on and off the first one."""
    z = at.noise("rademacher")
    for i, (sign, product) in enumerate(zip(z, at.hvp(z), strict=True)):
        d[i] = sign * product if at.t == 1 else b2 * d[i] + (1 - b2) * sign * product
    return d


@dense("oasis", state={"w_last": lambda leaves: [leaf.copy() for leaf in leaves]})
def oasis(at: At, d, w_last, *, lr, b2, eps):
    scale = np.maximum(np.abs(model.flattened(_hutchinson(at, d, b2))), eps)
    if at.t == 1:
        at.memory.update(rate=lr, growth=np.inf)
    else:
        s = model.flattened(at.w) - model.flattened(w_last)
        y = model.flattened(at.g) - model.flattened(at.grad_at(w_last))
        local = 0.5 * np.sqrt(np.sum(scale * s**2)) / np.sqrt(np.sum(y**2 / scale))
        rate = min(np.sqrt(1 + at.memory["growth"]) * at.memory["rate"], local)
        at.memory.update(rate=rate, growth=rate / at.memory["rate"])
    w_last[:] = [w.copy() for w in at.w]
    start = 0
    for w, g in zip(at.w, at.g, strict=True):
        w -= at.memory["rate"] * g / scale[start : start + w.size].reshape(w.shape)
        start += w.size


def _polyak(at: At, curvature: Leaves, lr: float, f_star: float) -> None:
    """The step to where the model of the loss with a diagonal Hessian reaches `f_star`."""
    n = sum(np.sum(g**2 / b) for g, b in zip(at.g, curvature, strict=True))
    gap = 2 * (at.loss - f_star)
    part = 1 - np.sqrt(1 - gap / n) if gap < n else 1.0
    for w, g, b in zip(at.w, at.g, curvature, strict=True):
        w -= lr * part * g / b


@dense("sania_identity")
def sania_identity(at: At, *, lr, f_star):
    _polyak(at, [np.ones_like(g) for g in at.g], lr, f_star)


@dense("sania_adagrad")
def sania_adagrad(at: At, s, *, lr, eps, f_star):
    for i, g in enumerate(at.g):
        s[i] = s[i] + g * g
    _polyak(at, [np.maximum(part, eps) ** 0.5 for part in s], lr, f_star)


@dense("sania_adam")
def sania_adam(at: At, v, *, lr, b2, eps, f_star):
    for i, g in enumerate(at.g):
        v[i] = b2 * v[i] + (1 - b2) * g * g
    _polyak(at, [np.maximum(part / (1 - b2**at.t), eps) ** 0.5 for part in v], lr, f_star)


@dense("sania_newton")
def sania_newton(at: At, *, lr, f_star, damping):
    g = model.flattened(at.g)
    values, vectors = np.linalg.eigh(at.hessian())
    s = vectors @ (vectors.T @ g / (values + damping))
    decrease, gap = g @ s, 2 * (at.loss - f_star)
    part = 1 - np.sqrt(1 - gap / decrease) if gap < decrease else 1.0
    for w, move in zip(at.w, model.shaped(s, at.w), strict=True):
        w -= lr * part * move


@dense("sania_adagrad_sqr")
def sania_adagrad_sqr(at: At, s, *, lr, eps, f_star):
    for i, g in enumerate(at.g):
        s[i] = s[i] + g * g
    _polyak(at, [np.maximum(part, eps) for part in s], lr, f_star)


@dense("sania_adam_sqr")
def sania_adam_sqr(at: At, v, *, lr, b2, eps, f_star):
    for i, g in enumerate(at.g):
        v[i] = b2 * v[i] + (1 - b2) * g * g
    _polyak(at, [np.maximum(part / (1 - b2**at.t), eps) for part in v], lr, f_star)


@dense("sania_hutchinson")
def sania_hutchinson(at: At, d, *, lr, b2, eps, f_star):
    _polyak(at, [np.maximum(np.abs(part), eps) for part in _hutchinson(at, d, b2)], lr, f_star)


@dense("sania_hessian_diagonal")
def sania_hessian_diagonal(at: At, *, lr, eps, f_star):
    bent = np.maximum(np.abs(np.diag(at.hessian())), eps)
    _polyak(at, model.shaped(bent, at.w), lr, f_star)


@dense("sania_scaled", state={"scale": lambda leaves: [leaf.copy() for leaf in leaves]})
def sania_scaled(at: At, scale, *, lr, eps, f_star):
    _polyak(at, [np.maximum(np.abs(part), eps) ** 2 for part in scale], lr, f_star)


@dense("sania_pcg")
def sania_pcg(at: At, v, *, lr, b2, eps, f_star, trials):
    for i, g in enumerate(at.g):
        v[i] = b2 * v[i] + (1 - b2) * g * g
    g, hessian = model.flattened(at.g), at.hessian()
    diagonal = np.maximum(model.flattened(v) / (1 - b2**at.t), eps)
    step, how = _conjugate_gradients(hessian, g, diagonal, int(trials))
    if how == "solved":
        n, gap = g @ step, 2 * (at.loss - f_star)
        part = 1 - np.sqrt(1 - gap / n) if gap < n else 1.0
    else:
        part = min(abs((at.loss - f_star) / (step @ hessian @ step)), 5)
    at.memory.setdefault("how", []).append(how)
    _move(at.w, lr * part * step)


def _conjugate_gradients(
    matrix: np.ndarray, g: np.ndarray, diagonal: np.ndarray, most: int
) -> tuple[np.ndarray, str]:
    """The solution by preconditioned conjugate gradients of `matrix @ x = g`, and how they ended.

    The textbook's: each direction is made conjugate to all before it, each step minimises.
    """
    x, directions = np.zeros_like(g), []
    for _ in range(most):
        z = (g - matrix @ x) / diagonal
        p = z - sum(((d @ matrix @ z) / (d @ matrix @ d) * d for d in directions), np.zeros_like(g))
        if p @ matrix @ p <= 0:
            return 0.7 * x + 0.3 * p * np.sign(p @ g), "bent"
        x = x + (p @ (g - matrix @ x)) / (p @ matrix @ p) * p
        directions.append(p)
        residual = g - matrix @ x
        if residual @ (residual / diagonal) < 1e-5:
            return x, "solved"
    return x, "short of trials"


@dense("m_fac")
def m_fac(at: At, *, lr, b1, wd, damp):
    members = 32
    g = model.flattened(at.g) + wd * model.flattened(at.w)
    window = at.memory.setdefault("window", [])
    window.append(g)
    fisher = sum(np.outer(past, past) for past in window[-members:]) / members
    u = np.linalg.solve(fisher + damp * np.eye(len(g)), g)
    at.memory["v"] = b1 * at.memory.get("v", 0.0) + (1 - b1) * u
    for w, move in zip(at.w, model.shaped(at.memory["v"], at.w), strict=True):
        w -= lr * move


@dense("sophia_g")
def sophia_g(at: At, m, h, *, lr, b1, b2, eps, wd, gamma, labels, period):
    if (at.t - 1) % period == 0:
        _squares(at, h, b2, labels)
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        m[i] = b1 * m[i] + (1 - b1) * g
        w *= 1 - lr * wd
        w -= lr * np.clip(m[i] / np.maximum(gamma * h[i], eps), -1, 1)


@dense("sophia_g_after")
def sophia_g_after(at: At, m, h, *, lr, b1, b2, eps, wd, rho, labels, period):
    if at.t > 1 and (at.t - 2) % period == period - 1:  # due after the step before this one
        _squares(at, h, b2, 1)
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        m[i] = b1 * m[i] + (1 - b1) * g
        part = np.minimum(np.abs(m[i]) / (rho * labels * h[i] + eps), 1)
        w *= 1 - lr * wd
        w -= lr * np.sign(m[i]) * part


@dense("sophia_g_optax")
def sophia_g_optax(at: At, m, h, *, lr, b1, b2, eps, wd, gamma, labels, period):
    for i, g in enumerate(at.g):
        m[i] = b1 * m[i] + (1 - b1) * g
    moves = [
        np.clip(a / (1 - b1**at.t) / np.maximum(gamma * b, eps), -1, 1) + wd * w
        for a, b, w in zip(m, h, at.w, strict=True)
    ]
    if (at.t - 1) % period == 0:
        _squares(at, h, b2, labels)
    for w, move in zip(at.w, moves, strict=True):
        w -= lr * move


def _squares(at: At, h: Leaves, b2: float, scale: float) -> None:
    """The average of squared gradients for drawn labels, a step further."""
    for i, drawn in enumerate(at.sampled_grad()):
        h[i] = b2 * h[i] + (1 - b2) * scale * drawn * drawn


@dense("saddle_free_newton")
def saddle_free_newton(at: At, *, lr, damping):
    _, sizes, right = np.linalg.svd(at.hessian())
    magnitude = right.T * sizes @ right
    inverse = np.linalg.inv(magnitude + damping * np.eye(len(magnitude)))
    for w, move in zip(at.w, model.shaped(inverse @ model.flattened(at.g), at.w), strict=True):
        w -= lr * move


@dense("gradient_normalized_newton")
def gradient_normalized_newton(at: At, *, eps, gamma):
    values, vectors = np.linalg.eigh(at.hessian())
    g = model.flattened(at.g)
    flat = vectors @ (vectors.T @ g / (values + np.linalg.norm(g) / (gamma + eps)))
    for w, move in zip(at.w, model.shaped(flat, at.w), strict=True):
        w -= move


@dense("egn")
def egn(at: At, m, *, lr, b1, damping):
    _move(at.w, lr * _gauss_newton_direction(at, m, b1, damping))


@dense("egn_line_search")
def egn_line_search(at: At, m, *, lr, b1, damping):
    direction = -_gauss_newton_direction(at, m, b1, damping)
    slope, here = model.flattened(at.g) @ direction, at.loss
    rate = min(1.5 * at.memory.get("rate", np.inf), lr)
    for _ in range(15):
        there = at.loss_at(model.shaped(model.flattened(at.w) + rate * direction, at.w))
        if here - there + np.finfo(float).eps >= -rate * 0.1 * slope:
            break
        rate *= 0.8
    at.memory["rate"] = rate
    _move(at.w, -rate * direction)


@dense("egn_adaptive")
def egn_adaptive(at: At, m, *, lr, b1, damping, growth, shrink):
    damping = at.memory.setdefault("damping", damping)
    moved = -lr * _gauss_newton_direction(at, m, b1, damping)
    expected = model.flattened(at.g) @ moved + moved @ _gauss_newton(at) @ moved / 2
    before = at.loss
    _move(at.w, -moved)
    gain = (at.loss - before) / expected
    if gain < 0.25:
        at.memory["damping"] *= growth
    elif gain > 0.75:
        at.memory["damping"] *= shrink


def _gauss_newton_direction(at: At, m: Leaves, b1: float, damping: float) -> np.ndarray:
    """The bias-corrected average of damped directions, all entries in one row."""
    matrix = _gauss_newton(at) + damping * np.eye(sum(w.size for w in at.w))
    moves = model.shaped(np.linalg.solve(matrix, model.flattened(at.g)), at.w)
    for i, move in enumerate(moves):
        m[i] = b1 * m[i] + (1 - b1) * move
    return model.flattened(m) / (1 - b1**at.t)


def _gauss_newton(at: At) -> np.ndarray:
    """The Gauss-Newton matrix at `w`, [entries, entries]."""
    features, targets = at.batch
    steep = 1 - np.tanh(features @ model.flattened(at.w)) ** 2
    jacobian = steep[:, None] * features
    return 4 / len(targets) * jacobian.T @ jacobian


def _move(leaves: Leaves, step: np.ndarray) -> None:
    for w, move in zip(leaves, model.shaped(step, leaves), strict=True):
        w -= move
