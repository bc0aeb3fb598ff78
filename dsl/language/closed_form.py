"""A smooth function known in closed form, and its answers to the oracles of a step, in NumPy.

Fingerprints, free checks and tests run programs on such functions: no data, nothing to compile.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from dsl.language.registry import Primitive
from dsl.shapes import Float, Leaf, Leaves


class ClosedForm:
    """Everything that `dsl.run.interpret.StepServices` offers, at the parameters `w` on step `t`.

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

    def hessian_at(self, point: Leaves) -> Float[np.ndarray, "entries entries"]:
        """Its Hessian."""
        raise NotImplementedError

    def third_at(self, point: Leaves, v: Leaves, u: Leaves) -> Leaves:
        """The derivative of its Hessian along `u`, times `v`."""
        raise NotImplementedError

    def gauss_newton(self) -> Float[np.ndarray, "entries entries"]:
        """The Gauss-Newton matrix at `w`."""
        raise NotImplementedError

    def label_slopes(self, z: Leaves) -> Leaves:
        """The gradient at `w` for labels that standard normal numbers stand for."""
        raise NotImplementedError

    def apart(self, point: Leaves) -> Leaves:
        """The difference between the gradients of the examples and that of the batch."""
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

    def ask(self, oracle: Primitive, *args: Any) -> Any:
        """An answer in closed form: a method of the oracle's name, or else as it is declared."""
        assert oracle.oracle is not None
        own = getattr(self, oracle.name, None)
        return oracle.oracle.closed(self, *args) if own is None else own(*args)

    def grad_of_example(self, point: Leaves, side: float) -> Leaves:
        """The gradient of the example below that of the batch (`side` -1) or above it (1)."""
        pairs = zip(self.grad_at(point), self.apart(point), strict=True)
        return [grad + side * away for grad, away in pairs]

    def solved(
        self,
        dense: Float[np.ndarray, "entries entries"],
        spectrum: Callable[[Float[np.ndarray, " entries"]], Float[np.ndarray, " entries"]],
        v: Leaves,
    ) -> Leaves:
        """`v` over a function of the eigenvalues of `dense`; NaN where it has none."""
        try:
            values, vectors = np.linalg.eigh(dense)
        except np.linalg.LinAlgError:
            return [np.full_like(part, np.nan) for part in v]
        return self.shaped(vectors @ (vectors.T @ flat(v) / spectrum(values)))

    def shaped(self, entries: Float[np.ndarray, " entries"]) -> Leaves:
        """Entries of the model as arrays shaped like the parameters."""
        return shaped(entries, [leaf.shape for leaf in self.w])


def flat(leaves: Sequence[Leaf]) -> Float[np.ndarray, " entries"]:
    """The entries of all tensors, one after the other."""
    entries = [leaf.reshape(-1) for leaf in leaves]
    return entries[0] if len(entries) == 1 else np.concatenate(entries)


def shaped(entries: Float[np.ndarray, " entries"], shapes: Sequence[tuple[int, ...]]) -> Leaves:
    """Entries as one array of each shape, which share them."""
    ends = np.cumsum([np.prod(shape, dtype=int) for shape in shapes])
    parts = np.split(entries, ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
