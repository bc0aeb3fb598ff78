"""The function that oracles ask while behaviour is observed: it moves along with the parameters.

On every step the batch has a loss around the present parameters whose value and gradient are those
of a fixed stream, wherever a rule has led. So a rule that looks at gradients nearby sees what
agrees with the gradient that it is given, and two rules see the same however far apart their rates
have taken them.
"""

from typing import Any

import numpy as np

from dsl.language.closed_form import ClosedForm, flat
from dsl.shapes import Float, Leaves

COUPLING = 0.05
"""Curvature along the sum of all parameters, beside that of each."""
_BEND = 0.5
"""The part of a curvature that comes and goes along the way; below 1, so that all is convex."""


class Landscape(ClosedForm):
    """f(w + d) = loss + sum(g d) + scale (sum(a (d^2 / 2 + c (d - sin(d)))) + b sum(d)^2 / 2).

    `w`, `g` and `loss` are those of the step; `curvature` is `a`, one array per tensor, `coupling`
    is `b`. The second derivative of an entry lies between a (1 - c) and a (1 + c) everywhere, so
    that no rule meets a wall. The two examples of a batch have gradients above and below its own by
    half the root of their curvature; all of the data have nine tenths of the gradient of the batch.
    With labels of its own the gradient has the curvature as variance.
    """

    seed = 11

    def __init__(
        self, w: Leaves, curvature: Leaves, scale: float = 1.0, coupling: float = COUPLING
    ):
        super().__init__(w)
        self.curvature = [scale * a for a in curvature]
        self.coupling = scale * coupling
        self.g: Leaves = [np.zeros_like(leaf) for leaf in w]
        self.loss = np.float64(0)

    def stand(self, t: int, w: Leaves, g: Leaves, loss: np.float64) -> None:
        """Stand at `w` on step `t`, where the batch has gradient `g` and loss `loss`."""
        self.t, self.w, self.g, self.loss = t, w, g, loss

    def loss_at(self, point: Leaves) -> np.float64:
        away = self._away(point)
        own = sum(
            np.sum(g * d + a * (d**2 / 2 + _BEND * (d - np.sin(d))))
            for g, a, d in zip(self.g, self.curvature, away, strict=True)
        )
        return np.float64(self.loss + own + self.coupling * _total(away) ** 2 / 2)

    def grad_at(self, point: Leaves) -> Leaves:
        away = self._away(point)
        shared = self.coupling * _total(away)
        return [
            g + a * (d + _BEND * (1 - np.cos(d))) + shared
            for g, a, d in zip(self.g, self.curvature, away, strict=True)
        ]

    def hessian_at(self, point: Leaves) -> Float[np.ndarray, "entries entries"]:
        bent = 1 + _BEND * np.sin(flat(self._away(point)))
        return np.diag(flat(self.curvature) * bent) + self.coupling

    def hvp(self, v: Leaves) -> Leaves:
        """At the present parameters, without the dense Hessian."""
        shared = self.coupling * _total(v)
        return [a * part + shared for a, part in zip(self.curvature, v, strict=True)]

    def third_at(self, point: Leaves, v: Leaves, u: Leaves) -> Leaves:
        return [
            a * _BEND * np.cos(d) * x * y
            for a, d, x, y in zip(self.curvature, self._away(point), v, u, strict=True)
        ]

    def gauss_newton(self) -> Float[np.ndarray, "entries entries"]:
        return np.diag(flat(self.curvature)) + self.coupling

    def label_slopes(self, z: Leaves) -> Leaves:
        return [part * np.sqrt(a) for part, a in zip(z, self.curvature, strict=True)]

    def apart(self, point: Leaves) -> Leaves:
        return [np.sqrt(a) / 2 for a in self.curvature]

    def full_grad_at(self, point: Leaves) -> Leaves:
        return [0.9 * part for part in self.grad_at(point)]

    def noise(self, draw: str, stream: Any, like: Leaves | None = None) -> Leaves:
        """Drawn for all entries at once, so that it does not matter how they are divided."""
        if like is not None:
            return super().noise(draw, stream, like)
        whole = np.empty(sum(leaf.size for leaf in self.w))
        return self.shaped(super().noise(draw, stream, [whole])[0])

    def _away(self, point: Leaves) -> Leaves:
        return [part - leaf for part, leaf in zip(point, self.w, strict=True)]


def _total(leaves: Leaves) -> np.float64:
    """The sum of all entries."""
    return np.float64(sum(np.sum(leaf) for leaf in leaves))
