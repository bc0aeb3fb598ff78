"""A rule and the setting that it is compared in: model, steps, precision, ranks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TypeVar

import jax
import numpy as np

from dsl.program import Program
from dsl.run.interpret import Observe
from dsl.shapes import Leaves
from stepsmith.verifying.model import FIRST, Look, SmallModel, small_model
from stepsmith.verifying.paths import PathComparison, Paths, largest_distance
from stepsmith.verifying.walkers import NumpyWalker, Walker, rule_walker

_SHAKEN = 4
"""Rounding errors that a path is moved by at its start, to see what becomes of them."""

W = TypeVar("W", bound=Walker)


@dataclass(frozen=True)
class Verifier:
    """Compares a rule with another optimizer over some steps; where both are evaluated too if
    `pointed`."""

    program: Program
    steps: int
    dtype: str
    ranks: tuple[int, ...]
    look: Look = FIRST
    quick: bool = False
    """True if rules run in NumPy: nothing is compiled."""
    pointed: bool = False

    def at(self, program: Program, steps: int, look: Look) -> "Verifier":
        """The same in another setting, where rules run in NumPy."""
        return replace(self, program=program, steps=steps, look=look, quick=True)

    @property
    def model(self) -> SmallModel:
        """The model that both train."""
        return small_model(self.ranks, self.dtype, self.look)

    def walk(self, make: Callable[[SmallModel], Walker]) -> Paths:
        """The path of what `make` makes."""
        return list(self._steps(make))

    def walk_rule(self, program: Program) -> Paths:
        """The path of a rule, as `to_optax` runs it."""
        if self.quick:
            return self.numpy_path(program)
        return self.walk(lambda model: rule_walker(program, model, self.steps))

    def numpy_steps(
        self, program: Program, observe: Observe | None = None, shaken: bool = False
    ) -> Iterator[Leaves]:
        """The path of a rule in NumPy, step by step; `shaken` if it starts a few rounding errors
        beside the model's parameters."""

        def make(model: SmallModel) -> Walker:
            start = model.start()
            if shaken:
                factor = 1 + _SHAKEN * np.finfo(self.dtype).eps
                start = [np.asarray(leaf * factor, leaf.dtype) for leaf in start]
            return NumpyWalker(program, model, self.steps, observe, start)

        return self._steps(make)

    def numpy_path(self, program: Program) -> Paths:
        """The path of a rule in NumPy."""
        return list(self.numpy_steps(program))

    def shaken(self, path: Paths) -> float:
        """The distance of the rule's path from the one that starts a few rounding errors beside
        it."""
        return largest_distance(path, list(self.numpy_steps(self.program, shaken=True)))

    def compare(self, theirs: Paths, tolerance: float) -> PathComparison:
        """The rule beside a path."""
        return self.beside(self.walk_rule(self.program), theirs, tolerance)

    def beside(self, ours: Paths, theirs: Paths, tolerance: float) -> PathComparison:
        """Two paths."""
        return PathComparison(ours, theirs, self.ranks, tolerance, self.look.shapes)

    def _steps(self, make: Callable[[SmallModel], Walker]) -> Iterator[Leaves]:
        with jax.enable_x64(self.dtype == "float64"), np.errstate(all="ignore"):
            walker = make(self.model)
            for count in range(self.steps):
                leaves = walker.step(count)
                yield [*leaves, *((walker.point() or ()) if self.pointed else ())]
