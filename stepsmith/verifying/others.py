"""The other optimizer of a comparison: a rule, or something of a library.

Both have a `path` in a setting, at the hyperparameters that the rule has there. `shared` are those
that the other takes too, `left_out` those that it knows nothing of; `decay` is its weight decay,
where that is known.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, TypeAlias

import jax

from dsl.program import Program
from dsl.rewrite.point import point_of
from stepsmith.verifying.calls import Filled
from stepsmith.verifying.host_optimizer import HostOptimizer
from stepsmith.verifying.paths import Paths
from stepsmith.verifying.precision import Widening
from stepsmith.verifying.verifier import Verifier


@dataclass(frozen=True)
class OtherRule:
    """Another rule; `fixed` are hyperparameters that it has of its own."""

    program: Program
    hypers: Mapping[str, float]
    fixed: Mapping[str, float]
    name: str
    of_host: ClassVar[bool] = False

    @property
    def shared(self) -> frozenset[str]:
        return frozenset(self.hypers) & frozenset(self.program.hyperparameters) - {*self.fixed}

    @property
    def left_out(self) -> Mapping[str, float]:
        takes = self.program.hyperparameters
        return {name: value for name, value in self.hypers.items() if name not in takes}

    @property
    def decay(self) -> float | None:
        return self.fixed.get("wd", self.program.hyperparameters.get("wd"))

    def pointed(self, verifier: Verifier) -> bool:
        """True if it is known where it is evaluated, and that is not at its parameters."""
        return point_of(self.program) is not None

    def path(self, verifier: Verifier, widening: Widening | None = None) -> Paths:
        given = verifier.program.hyperparameters
        shared = {name: given[name] for name in self.shared}
        return verifier.walk_rule(self.program.with_hyperparameters(**{**shared, **self.fixed}))


@dataclass(frozen=True)
class OtherOfHost:
    """An optimizer of a library, or of a user's own file."""

    optimizer: HostOptimizer
    hypers: Mapping[str, float]
    of_host: ClassVar[bool] = True

    @property
    def name(self) -> str:
        return self.optimizer.name

    @cached_property
    def _filled(self) -> tuple[HostOptimizer, Filled]:
        return self.optimizer.filled(self.hypers)

    @property
    def shared(self) -> frozenset[str]:
        return self._filled[1].taken

    @property
    def left_out(self) -> Mapping[str, float]:
        return self._filled[1].left_out

    @property
    def decay(self) -> float | None:
        return self._filled[0].decay

    def pointed(self, verifier: Verifier) -> bool:
        made, _ = self.optimizer.filled(verifier.program.hyperparameters)
        with jax.enable_x64(verifier.dtype == "float64"):
            walker = made.walker(verifier.model)
            if self.optimizer.of_torch:  # some have no state to show before that
                walker.step(0)
            return walker.point() is not None

    def path(self, verifier: Verifier, widening: Widening | None = None) -> Paths:
        hypers: dict[str, Any] = dict(verifier.program.hyperparameters)
        made, _ = self.optimizer.filled(hypers)
        return verifier.walk(lambda model: made.walker(model, widening))


Other: TypeAlias = OtherRule | OtherOfHost
"""Another optimizer."""
