"""Rules that treat a parameter tensor as a matrix or give each of its axes one."""

from string import ascii_lowercase

import numpy as np

from tests.dsl.references.dense import dense


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
