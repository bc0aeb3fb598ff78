"""Two paths over the same model, and where they part."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from dsl.shapes import Leaf, Leaves

TOLERANCES = {"float64": 1e-10, "float32": 1e-6}
"""Largest difference of a parameter, after any step, between paths that are equal."""

Paths = list[Leaves]
"""Parameters after each step; behind them those to evaluate, where these are compared too."""


@dataclass(frozen=True)
class PathComparison:
    """Two paths; `ours` is that of the rule. `shapes` are those of the tensor of each rank."""

    ours: Paths
    theirs: Paths
    ranks: tuple[int, ...]
    tolerance: float
    shapes: Mapping[int, tuple[int, ...]]

    @cached_property
    def differences(self) -> Float[np.ndarray, "steps tensors"]:
        """The largest in a tensor after a step; infinite where one path is not finite."""
        rows = [
            [distance(x, y) for x, y in zip(one, other, strict=True)]
            for one, other in zip(self.ours, self.theirs, strict=True)
        ]
        return np.array(rows)

    @property
    def largest(self) -> float:
        """The largest difference of any parameter after any step."""
        return float(np.max(self.differences))

    @property
    def equal(self) -> bool:
        """True if the two agree to the tolerance after every step."""
        return self.largest <= self.tolerance

    @property
    def parted(self) -> int | None:
        """The first step (from 1) after which they differ by more than the tolerance."""
        beyond = np.flatnonzero(np.max(self.differences, axis=1) > self.tolerance)
        return int(beyond[0]) + 1 if len(beyond) else None

    def by_tensor(self) -> dict[str, float]:
        """The largest difference in each parameter tensor, by its shape."""
        worst = np.max(self.differences, axis=0)
        shapes = [str(self.shapes[rank]) for rank in self.ranks]
        shapes += [f"{shape}, evaluated" for shape in shapes]
        return dict(zip(shapes, map(float, worst), strict=False))

    @property
    def same_steps(self) -> bool:
        """True if the parameters alone, not those to evaluate, agree after every step."""
        return float(np.max(self.differences[:, : len(self.ranks)])) <= self.tolerance

    def moved(self, start: Leaves) -> set[int]:
        """The ranks of the tensors that the rule moves away from where it starts, by more than the
        tolerance."""
        return {
            rank
            for at, (rank, begun) in enumerate(zip(self.ranks, start, strict=True))
            if max(distance(leaves[at], begun) for leaves in self.ours) > self.tolerance
        }

    def not_finite(self) -> tuple[int | None, int | None]:
        """The first step after which our path, and theirs, is not finite."""
        return _not_finite(self.ours), _not_finite(self.theirs)


def _not_finite(path: Paths) -> int | None:
    finite = (all(np.all(np.isfinite(leaf)) for leaf in leaves) for leaves in path)
    return next((step for step, each in enumerate(finite, 1) if not each), None)


def distance(x: Leaf, y: Leaf) -> float:
    """The largest difference of two tensors; infinite where one alone is not finite."""
    if not (np.all(np.isfinite(x)) and np.all(np.isfinite(y))):
        return 0.0 if np.array_equal(x, y, equal_nan=True) else float("inf")
    return float(np.max(np.abs(x.astype(np.float64) - y)))


def largest_distance(one: Paths, two: Paths) -> float:
    """The largest difference of two paths."""
    pairs = zip(one, two, strict=True)
    return max(
        distance(x, y) for first, second in pairs for x, y in zip(first, second, strict=True)
    )
