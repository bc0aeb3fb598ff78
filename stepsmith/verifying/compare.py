"""Two paths over the same model, where they part, and the trap that explains it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import jax
import numpy as np
from jaxtyping import Float

from dsl.program import Program
from dsl.shapes import Leaf, Leaves
from stepsmith.verifying.model import SHAPES, SmallModel
from stepsmith.verifying.traps import Trap, traps
from stepsmith.verifying.walkers import NumpyWalker, Walker, rule_walker

TOLERANCES = {"float64": 1e-10, "float32": 1e-6}
"""Largest difference of a parameter, after any step, between paths that are equal."""

Paths = list[Leaves]
"""Parameters after each step."""


@dataclass(frozen=True)
class PathComparison:
    """Two paths; `ours` is that of the rule."""

    ours: Paths
    theirs: Paths
    ranks: tuple[int, ...]
    tolerance: float

    @cached_property
    def differences(self) -> Float[np.ndarray, "steps tensors"]:
        """The largest in a tensor after a step; infinite where one path is not finite."""
        rows = [
            [_distance(x, y) for x, y in zip(one, other, strict=True)]
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
        return {
            str(SHAPES[rank]): float(value) for rank, value in zip(self.ranks, worst, strict=True)
        }


def _distance(x: Leaf, y: Leaf) -> float:
    if not (np.all(np.isfinite(x)) and np.all(np.isfinite(y))):
        return 0.0 if np.array_equal(x, y, equal_nan=True) else float("inf")
    return float(np.max(np.abs(x.astype(np.float64) - y)))


class Verifier:
    """Compares a rule with another optimizer over some steps."""

    def __init__(self, program: Program, steps: int, dtype: str, ranks: tuple[int, ...]):
        self.program = program
        self.steps = steps
        self.dtype = dtype
        self.ranks = ranks

    def walk(self, make: Callable[[SmallModel], Walker]) -> Paths:
        """The path of what `make` makes."""
        return list(self._steps(make))

    def walk_rule(self, program: Program) -> Paths:
        """The path of a rule."""
        return self.walk(lambda model: rule_walker(program, model, self.steps))

    def compare(self, theirs: Paths, tolerance: float) -> PathComparison:
        """The rule beside a path."""
        return PathComparison(self.walk_rule(self.program), theirs, self.ranks, tolerance)

    def reason(self, theirs: Paths, tolerance: float) -> Trap | None:
        """The trap that makes the rule take the other path; two at once if one does not do."""
        singles = list(traps(self.program))
        for trap in singles:
            if self._follows(trap.variant, theirs, tolerance):
                return trap
        for one in singles:
            for other in traps(one.variant):
                if self._follows(other.variant, theirs, tolerance):
                    return Trap(f"{one.reason}, and {other.reason}", other.variant)
        return None

    def _follows(self, variant: Program, theirs: Paths, tolerance: float) -> bool:
        """True if a rule takes a path; given up at the first step that differs."""
        ours = self._steps(lambda model: NumpyWalker(variant, model, self.steps))
        return all(
            _distance(x, y) <= tolerance
            for mine, other in zip(ours, theirs, strict=True)
            for x, y in zip(mine, other, strict=True)
        )

    def _steps(self, make: Callable[[SmallModel], Walker]) -> Iterator[Leaves]:
        with jax.enable_x64(self.dtype == "float64"), np.errstate(all="ignore"):
            walker = make(self._model)
            for count in range(self.steps):
                yield walker.step(count)

    @cached_property
    def _model(self) -> SmallModel:
        return SmallModel(self.ranks, self.dtype)
