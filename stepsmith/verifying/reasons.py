"""The difference of two optimizers, found by taking it away: the two are then equal."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dsl.program import Program
from stepsmith.verifying.paths import Paths, distance
from stepsmith.verifying.precision import Widening
from stepsmith.verifying.traps import Trap, pairs, traps
from stepsmith.verifying.verifier import Verifier

KNOWN = (
    "eps, bias correction, weight decay, the count of steps, refresh phase, the arguments of "
    "interp, dampening, decays, state before or after its update, what is returned, random "
    "numbers, precision"
)
"""All that is tried, for where none of it is the reason."""


@dataclass(frozen=True)
class Reasons:
    """The reasons why a rule leaves the path of another optimizer.

    `decay` is the weight decay of the other, where that is known; `widened` makes its path in the
    precision of the parameters, where it can be had.
    """

    verifier: Verifier
    tolerance: float
    decay: float | None = None
    widened: Callable[[Widening], Paths] | None = None

    def find(self, theirs: Paths) -> str | None:
        """One trap, the precision of the other, or two of all these at once; in a sentence that
        begins with `it` for the other optimizer."""
        program = self.verifier.program
        return (
            self._first(traps(program, self.decay), theirs)
            or self._precision()
            or self._first(pairs(program, self.decay), theirs)
        )

    def _precision(self) -> str | None:
        if self.widened is None:
            return None
        widening = Widening(self.verifier.dtype)
        path = self.widened(widening)
        if not widening.coarsest:
            return None
        program, words = self.verifier.program, f"it computes in {widening.coarsest}"
        if self._follows(program, path):
            return f"{words} in places, not in {self.verifier.dtype} throughout"
        found = self._first(traps(program, self.decay), path)
        return found and f"{words} in places, and {found}"

    def _first(self, found: Iterable[Trap], theirs: Paths) -> str | None:
        """The first trap with which the rule takes a path."""
        takes = (trap for trap in found if self._follows(trap.variant, theirs))
        return next((trap.reason for trap in takes), None)

    def _follows(self, variant: Program, theirs: Paths) -> bool:
        """True if a rule takes a path; given up at the first step that differs."""
        return all(
            distance(x, y) <= self.tolerance
            for mine, other in zip(self.verifier.numpy_steps(variant), theirs, strict=True)
            for x, y in zip(mine, other, strict=True)
        )
