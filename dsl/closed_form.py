"""A smooth function known in closed form, and what it answers to the oracles of a step, in NumPy.

Fingerprints, free checks and tests run programs on such functions: no data, nothing to compile.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Leaves = list[np.ndarray]
"""One array per parameter tensor."""

_LABELS = 1000003
"""Added to a stream for the noise that labels are drawn by."""


class ClosedForm:
    """Everything that `dsl.interpret.Step` offers, at the parameters `w` on step `t`.

    A subclass gives the loss, its derivatives and `apart`. The batch has two examples, whose
    gradients lie `apart` above and below that of the batch; they are all of the data unless
    `full_grad_at` says otherwise. `seed` sets the noise apart from that of other functions.
    """

    seed = 0

    def __init__(self, w: Leaves, t: int = 0):
        self.w = w
        self.t = t

    def loss_at(self, point: Leaves) -> np.float64:
        """The loss at `point`."""
        raise NotImplementedError

    def grad_at(self, point: Leaves) -> Leaves:
        """Its gradient."""
        raise NotImplementedError

    def hessian_at(self, point: Leaves) -> np.ndarray:
        """Its Hessian, [entries, entries]."""
        raise NotImplementedError

    def third_derivative(self, v: Leaves, u: Leaves) -> Leaves:
        """The derivative of the Hessian at `w` along `u`, times `v`."""
        raise NotImplementedError

    def gauss_newton(self) -> np.ndarray:
        """The Gauss-Newton matrix at `w`, [entries, entries]."""
        raise NotImplementedError

    def label_slopes(self, z: Leaves) -> Leaves:
        """The gradient at `w` for labels that standard normal numbers stand for."""
        raise NotImplementedError

    def apart(self, point: Leaves) -> Leaves:
        """What the gradients of the examples differ by from that of the batch."""
        raise NotImplementedError

    def full_grad_at(self, point: Leaves) -> Leaves:
        """The gradient of the loss over all of the data."""
        return self.grad_at(point)

    def noise(self, draw: str, stream: Any, like: Leaves | None = None) -> Leaves:
        """Numbers that depend on step and stream, drawn tensor after tensor."""
        tag = round(float(stream)) if np.isfinite(stream) else 0
        rng = np.random.Generator(np.random.PCG64([self.t, tag & 0xFFFFFFFF, self.seed]))
        sample: Callable[[tuple[int, ...]], Any] = {
            "rademacher": lambda shape: rng.integers(0, 2, shape) * 2.0 - 1.0,
            "normal": lambda shape: rng.normal(size=shape),
        }[draw]
        return [np.asarray(sample(leaf.shape)) for leaf in (self.w if like is None else like)]

    def hvp(self, v: Leaves) -> Leaves:
        return self._shaped(self.hessian_at(self.w) @ flat(v))

    def hessian_diagonal_at(self, point: Leaves) -> Leaves:
        return self._shaped(np.diag(self.hessian_at(point)))

    def hessian_solve(self, v: Leaves, k: Any) -> Leaves:
        return self._solve(self.hessian_at(self.w), lambda values: values + k, v)

    def abs_hessian_solve(self, v: Leaves, k: Any) -> Leaves:
        return self._solve(self.hessian_at(self.w), lambda values: np.abs(values) + k, v)

    def gauss_newton_product(self, v: Leaves) -> Leaves:
        return self._shaped(self.gauss_newton() @ flat(v))

    def gauss_newton_solve(self, v: Leaves, k: Any) -> Leaves:
        return self._solve(self.gauss_newton(), lambda values: values + k, v)

    def conjugate_gradients(self, v: Leaves, h: Leaves, tol: Any, trials: Any, mix: Any) -> Leaves:
        right, inverse = flat(v), flat(h)
        found, left = np.zeros_like(right), right
        along = inverse * left
        size = left @ along
        while trials >= 1:
            product = flat(self.hvp(self._shaped(along)))
            curvature = along @ product
            if not curvature > 0:
                turned = np.sign(along @ right) * along
                return self._shaped(mix * found + (1 - mix) * turned)
            found = found + size / curvature * along
            left = left - size / curvature * product
            last, size = size, left @ (inverse * left)
            if size < tol:
                break
            along = inverse * left + size / last * along
            trials = trials - 1
        return self._shaped(found)

    def line_search(self, u: Leaves, a: Any, fall: Any, shrink: Any, trials: Any) -> np.float64:
        here, rate = self.loss_at(self.w), np.float64(a)
        while trials >= 1:
            there = self.loss_at([w - rate * part for w, part in zip(self.w, u, strict=True)])
            if here - there + np.finfo(float).eps >= rate * fall:
                break
            rate, trials = rate * shrink, trials - 1
        return rate

    def jvp(self, v: Leaves) -> np.float64:
        slopes = zip(self.grad_at(self.w), v, strict=True)
        return np.float64(sum(np.sum(part * along) for part, along in slopes))

    def losses_at(self, population: Leaves) -> np.ndarray:
        members = [list(leaves) for leaves in zip(*population, strict=True)]
        return np.array([self.loss_at(leaves) for leaves in members])

    def coordinate_differences(self, mask: Leaves, mu: Any) -> Leaves:
        there, here = [np.array(leaf) for leaf in self.w], self.loss_at(self.w)
        slopes = [np.zeros(leaf.shape) for leaf in self.w]
        for leaf, found, shown in zip(there, slopes, mask, strict=True):
            for at in filter(lambda at: shown[at] != 0, np.ndindex(leaf.shape)):
                kept = leaf[at]
                leaf[at] = kept + mu
                found[at] = (self.loss_at(there) - here) / mu
                leaf[at] = kept
        return slopes

    def part_grad_at(self, point: Leaves, part: Any, parts: Any) -> Leaves:
        sides = [side for k, side in enumerate((-1, 1)) if np.floor(k * parts / 2) == part]
        if not sides:
            return [np.zeros_like(leaf) for leaf in point]
        return self._grad_of_example(point, float(np.mean(sides)))

    def clipped_grad(self, c: Any) -> Leaves:
        total = [np.zeros_like(leaf) for leaf in self.w]
        for side in (-1, 1):
            grads = self._grad_of_example(self.w, side)
            size = np.sqrt(sum(np.sum(part**2) for part in grads))
            shrink = c / size if size > c else 1.0
            total = [x + shrink * part / 2 for x, part in zip(total, grads, strict=True)]
        return total

    def sampled_grad(self, stream: Any) -> Leaves:
        return self.label_slopes(self.noise("normal", stream + _LABELS))

    def _grad_of_example(self, point: Leaves, side: float) -> Leaves:
        pairs = zip(self.grad_at(point), self.apart(point), strict=True)
        return [grad + side * away for grad, away in pairs]

    def _solve(
        self, dense: np.ndarray, spectrum: Callable[[np.ndarray], np.ndarray], v: Leaves
    ) -> Leaves:
        """`v` over a function of the eigenvalues of `dense`; NaN where it has none."""
        try:
            values, vectors = np.linalg.eigh(dense)
        except np.linalg.LinAlgError:
            return [np.full_like(part, np.nan) for part in v]
        return self._shaped(vectors @ (vectors.T @ flat(v) / spectrum(values)))

    def _shaped(self, entries: np.ndarray) -> Leaves:
        """Entries of the model as arrays shaped like the parameters."""
        return shaped(entries, [leaf.shape for leaf in self.w])


def flat(leaves: Sequence[np.ndarray]) -> np.ndarray:
    """The entries of all tensors, one after the other."""
    return np.ravel(leaves[0]) if len(leaves) == 1 else np.concatenate([*map(np.ravel, leaves)])


def shaped(entries: np.ndarray, shapes: Sequence[tuple[int, ...]]) -> Leaves:
    """Entries as one array of each shape, which share them."""
    ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes])
    parts = np.split(entries, ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
