"""Rules that treat a parameter tensor as a matrix or give each of its axes one."""

from string import ascii_lowercase

import numpy as np

from tests.dsl.zoo.references.dense import dense


def _second_moment(g, axis):
    """The sum over the other axes of the outer products of `g` with itself."""
    others = [i for i in range(g.ndim) if i != axis]
    return np.tensordot(g, g, axes=(others, others))


def _rotated(bases, x, back=False):
    """`x` in the bases of its axes, whose columns are the basis vectors; or back out of them."""
    for axis, q in enumerate(bases):
        old = ascii_lowercase[: x.ndim]
        new = old[:axis] + "z" + old[axis + 1 :]
        x = np.einsum(f"{old},{old[axis]}z->{new}", x, q.T if back else q)
    return x


@dense("soap")
def soap(at, m, v, *, lr, b1, b2, b3, eps, wd, period):
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        axes = range(g.ndim) if g.ndim > 1 else ()
        moments = at.memory.setdefault(("moments", i), [0.0 for _ in axes])
        if at.t > 1:
            bases = at.memory["bases", i]
            count = at.t - 1
            m[i] = b1 * m[i] + (1 - b1) * g
            v[i] = b2 * v[i] + (1 - b2) * _rotated(bases, g) ** 2
            size = lr * np.sqrt(1 - b2**count) / (1 - b1**count)
            w -= size * _rotated(bases, _rotated(bases, m[i]) / (np.sqrt(v[i]) + eps), back=True)
            w *= 1 - lr * wd
        for axis in axes:
            moments[axis] = b3 * moments[axis] + (1 - b3) * _second_moment(g, axis)
        if at.t == 1:
            at.memory["bases", i] = [np.linalg.eigh(moments[axis])[1][:, ::-1] for axis in axes]
        elif (at.t - 1) % period == 0:
            for axis in axes:
                product = moments[axis] @ bases[axis]
                order = np.argsort(-np.sum(bases[axis] * product, axis=0))
                v[i] = np.take(v[i], order, axis=axis)
                bases[axis] = np.linalg.qr(product[:, order])[0]


def _near_orthogonal(x, eps):
    """Five quintic steps on the singular values of each matrix of a stack."""
    u, s, vh = np.linalg.svd(x / (np.linalg.norm(x) + eps), full_matrices=False)
    for _ in range(5):
        s = 3.4445 * s - 4.775 * s**3 + 2.0315 * s**5
    return (u * s[..., None, :]) @ vh


def _mars(at, m, other, *, lr, b1, eps, wd, gamma):
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        c = g + gamma * b1 / (1 - b1) * (g - other[i])
        length = np.linalg.norm(c)
        if length > 1:
            c = c / length
        m[i] = b1 * m[i] + (1 - b1) * c
        longer = max(1.0, w.shape[0] / w.shape[1]) ** 0.5
        w -= lr * (longer * _near_orthogonal(m[i] / (1 - b1), eps) + wd * w)


@dense("mars_shampoo")
def mars_shampoo(at, m, last, *, lr, b1, eps, wd, gamma):
    g = [leaf.copy() for leaf in at.g]
    _mars(at, m, last, lr=lr, b1=b1, eps=eps, wd=wd, gamma=gamma)
    last[:] = g


@dense("mars_shampoo_exact")
def mars_shampoo_exact(at, m, other, *, lr, b1, eps, wd, gamma):
    if at.t > 1:
        other[:] = at.grad_at(at.memory["before"])
    at.memory["before"] = [leaf.copy() for leaf in at.w]
    _mars(at, m, other, lr=lr, b1=b1, eps=eps, wd=wd, gamma=gamma)


@dense("lanton")
def lanton(at, m, *, lr, b1, b2, eps, wd, alpha):
    last = at.memory.get("last", at.g)
    noise = at.memory.setdefault("noise", [0.0] * len(at.w))
    sizes = [np.sqrt(w.shape[-2] / w.shape[-1]) for w in at.w]
    for i, (g, before) in enumerate(zip(at.g, last, strict=True)):
        dual = sizes[i] * np.linalg.svd(g - before, compute_uv=False).sum()
        noise[i] = b2 * noise[i] + (1 - b2) * dual**2
        m[i] = b1 * m[i] + (1 - b1) * g
    a = [alpha / np.hypot(alpha, np.sqrt(h)) for h in noise]
    for w, moment, size, share in zip(at.w, m, sizes, a, strict=True):
        step = np.sqrt(share / max(a)) * size * _near_orthogonal(moment, eps)
        w -= lr * (step + wd * w)
    at.memory["last"] = at.g


@dense("asgo")
def asgo(at, m, *, lr, b1, b2, eps, wd):
    moments = at.memory.setdefault("moments", [0.0] * len(at.w))
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        wide = w.shape[0] < w.shape[1]
        m[i] = b1 * m[i] + (1 - b1) * g
        moments[i] = b2 * moments[i] + (1 - b2) * (g @ g.T if wide else g.T @ g)
        left, values, _ = np.linalg.svd(moments[i])
        root = left @ np.diag(1 / np.sqrt(values + eps)) @ left.T
        u = root @ m[i] if wide else m[i] @ root
        w -= lr * (0.2 * np.sqrt(u.size) / np.linalg.norm(u) * u + wd * w)


@dense("dasgo")
def dasgo(at, m, *, lr, b1, b2, eps, wd):
    sums = at.memory.setdefault("sums", [np.zeros(w.shape[1]) for w in at.w])
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        m[i] = b1 * m[i] + (1 - b1) * g
        sums[i] = b2 * sums[i] + (1 - b2) * np.einsum("rc,rc->c", g, g)
        u = m[i] @ np.diag((sums[i] + eps) ** -0.5)
        w -= lr * (0.2 * np.sqrt(u.size) / np.linalg.norm(u) * u + wd * w)


@dense("galore", "natural_galore")
def galore(at, *, lr, b1, b2, eps, wd, size, period, scale, lam=None):
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        wide = w.shape[0] < w.shape[1]
        if (at.t - 1) % period == 0:
            u, _, vh = np.linalg.svd(g, full_matrices=False)
            p = (u if wide else vh.T)[:, : round(size)]
            for column in p.T:
                column *= np.sign(column[np.argmax(np.abs(column))])
            at.memory["p", i] = p
        p = at.memory["p", i]
        r = p.T @ g if wide else g @ p
        if lam is not None:
            r = _naturally(r, at.memory.setdefault(("past", i), []), lam)
        m, v = at.memory.get(("moments", i), (np.zeros_like(r), np.zeros_like(r)))
        m, v = b1 * m + (1 - b1) * r, b2 * v + (1 - b2) * r**2
        at.memory["moments", i] = m, v
        n = m / (np.sqrt(v) + eps)
        rate = lr * np.sqrt(1 - b2**at.t) / (1 - b1**at.t)
        w -= rate * scale * (p @ n if wide else n @ p.T)
        w *= 1 - lr * wd


@dense("natural_galore_tucker")
def natural_galore_tucker(at, *, lr, b1, b2, eps, wd, size, period, scale, lam):
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        if (at.t - 1) % period == 0:
            u, _, vh = np.linalg.svd(g)
            at.memory["sides", i] = [side[:, : round(size)].copy() for side in (u, vh.T)]
            for column in (column for side in at.memory["sides", i] for column in side.T):
                column *= np.sign(column[np.argmax(np.abs(column))])
        left, right = at.memory["sides", i]
        r = _naturally(left.T @ g @ right, at.memory.setdefault(("past", i), []), lam)
        m, v = at.memory.get(("moments", i), (np.zeros_like(r), np.zeros_like(r)))
        m, v = b1 * m + (1 - b1) * r, b2 * v + (1 - b2) * r**2
        at.memory["moments", i] = m, v
        rate = lr * np.sqrt(1 - b2**at.t) / (1 - b1**at.t)
        w -= rate * scale * left @ (m / (np.sqrt(v) + eps)) @ right.T
        w *= 1 - lr * wd


def _naturally(r, past, lam):
    """The inverse Fisher matrix of the last 20 matrices at the newest of them, which is `r`."""
    past.append(r.ravel())
    fisher = lam * np.eye(r.size) + sum(np.outer(x, x) for x in past[-20:])
    return np.linalg.solve(fisher, r.ravel()).reshape(r.shape)


@dense("apollo")
def apollo(at, *, lr, b1, b2, eps, wd, size, period, scale):
    rate, size = lr * np.sqrt(1 - b2**at.t) / (1 - b1**at.t), round(size)
    for i, (w, g, noise) in enumerate(zip(at.w, at.g, at.noise("normal", 1), strict=True)):
        wide = w.ndim == 2 and w.shape[0] < w.shape[1]
        if w.ndim == 2:
            if at.t == 1 or at.t % period == 0:
                columns = min(size, *w.shape)
                drawn = noise[:, :columns] if wide else noise[:columns].T
                at.memory["p", i] = drawn / np.sqrt(size)
            p = at.memory["p", i]
            g = p.T @ g if wide else g @ p
        m, v = at.memory.get(("moments", i), (np.zeros_like(g), np.zeros_like(g)))
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        at.memory["moments", i] = m, v
        u = m / (np.sqrt(v) + eps)
        if w.ndim == 2:
            length = np.linalg.norm(u) * np.linalg.norm(g) / (np.linalg.norm(g) + 1e-8)
            if at.t > 1:
                length /= max(length / (at.memory["length", i] + 1e-8), 1.01) / 1.01
            at.memory["length", i] = length
            low = scale**1.5 * length * g / np.linalg.norm(g)
            u = p @ low if wide else low @ p.T
        w -= rate * u
        w *= 1 - rate * wd
