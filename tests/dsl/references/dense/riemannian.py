"""Rules on manifolds, row by row."""

import numpy as np

from tests.dsl.references.dense import At, dense


class Sphere:
    """Unit vectors."""

    def nearest(self, w):
        return w / np.linalg.norm(w)

    def gradient(self, x, g):
        return (np.eye(x.size) - np.outer(x, x)) @ g

    def squared(self, x, u):
        return u @ u

    def moved(self, x, u, m):
        y = self.nearest(x + u)
        return y, self.gradient(y, m)


class Ball:
    """The Poincare ball of curvature -c; transport is by the gyration that additions define."""

    def __init__(self, c: float):
        self.c = c

    def nearest(self, w):
        limit = (1 - 1e-5) / np.sqrt(self.c)
        size = np.linalg.norm(w)
        return w * (limit / size) if size > limit else w

    def factor(self, x):
        return 2 / (1 - self.c * (x @ x))

    def gradient(self, x, g):
        return g / self.factor(x) ** 2

    def squared(self, x, u):
        return self.factor(x) ** 2 * (u @ u)

    def plus(self, x, y):
        c, xy, xx, yy = self.c, x @ y, x @ x, y @ y
        top = (1 + 2 * c * xy + c * yy) * x + (1 - c * xx) * y
        return top / (1 + 2 * c * xy + c * c * xx * yy)

    def moved(self, x, u, m):
        y = self.nearest(x + u)
        small = 0.1 / (np.linalg.norm(m) * np.sqrt(self.c) + 1e-300)  # gyrations are linear
        turned = self.plus(-self.plus(y, -x), self.plus(y, self.plus(-x, small * m))) / small
        return y, turned * self.factor(x) / self.factor(y)


def _step(at: At, m, v, manifold, lr, b1, b2, eps, wd=0.0, top=None):
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        for row in np.ndindex(w.shape[:-1]):
            x = manifold.nearest(w[row])
            grad = manifold.gradient(x, g[row] + wd * x)
            m[i][row] = b1 * m[i][row] + (1 - b1) * grad
            v[i][row] = b2 * v[i][row] + (1 - b2) * manifold.squared(x, grad)
            second = v[i][row]
            if top is not None:
                second = top[i][row] = np.maximum(top[i][row], second)
            root = np.sqrt(second[0] / (1 - b2**at.t)) + eps
            direction = m[i][row] / (1 - b1**at.t) / root
            w[row], m[i][row] = manifold.moved(x, -lr * direction, m[i][row])


@dense("riemannian_adam_sphere")
def riemannian_adam_sphere(at: At, m, v, *, lr, b1, b2, eps):
    _step(at, m, v, Sphere(), lr, b1, b2, eps)


@dense("riemannian_amsgrad_sphere")
def riemannian_amsgrad_sphere(at: At, m, v, top, *, lr, b1, b2, eps):
    _step(at, m, v, Sphere(), lr, b1, b2, eps, top=top)


@dense("riemannian_adam_poincare")
def riemannian_adam_poincare(at: At, m, v, *, lr, b1, b2, eps, wd, c):
    _step(at, m, v, Ball(c), lr, b1, b2, eps, wd)


@dense("riemannian_amsgrad_poincare")
def riemannian_amsgrad_poincare(at: At, m, v, top, *, lr, b1, b2, eps, wd, c):
    _step(at, m, v, Ball(c), lr, b1, b2, eps, wd, top)
