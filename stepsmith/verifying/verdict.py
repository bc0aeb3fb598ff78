"""A rule beside another optimizer: as asked for, then wherever that leaves something untried."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from dsl.rewrite.liveness import draws_noise
from dsl.rewrite.point import point_of
from stepsmith.errors import UsageError
from stepsmith.verifying.draws import Draw
from stepsmith.verifying.exercise import Exercise
from stepsmith.verifying.explore import Explorer
from stepsmith.verifying.others import Other
from stepsmith.verifying.paths import PathComparison
from stepsmith.verifying.reasons import Reasons
from stepsmith.verifying.refused import Refused
from stepsmith.verifying.verifier import Verifier

_ROUNDING = 30
"""Two equal paths at another setting may lie so many times the growth of a rounding error apart."""

_WILD = 1e3
"""A setting where that is more than this many tolerances says nothing."""

_LEFT = 0.1
"""A reason leaves at most this part of a difference that it is to explain."""

_MOST = 8
"""Settings that are compared besides the one asked for."""


@dataclass(frozen=True)
class Tried:
    """Another setting, and how far the two were apart there."""

    draw: Draw
    comparison: PathComparison


@dataclass(frozen=True)
class Verdict:
    """The findings of a comparison.

    `comparison` is the one as asked for, or the first that shows a difference; `draw` is the
    setting of that one, None if it is the one asked for. `reason` is as `Reasons.find` has it.
    `refusals` are the settings that say nothing, with the reason, in words. `unknown_point`: the
    rule is evaluated at a point of its own, and of the other that is not known.
    """

    comparison: PathComparison
    draw: Draw | None
    reason: str | None
    tried: tuple[Tried, ...]
    exercise: Exercise
    refusals: tuple[str, ...] = ()
    unknown_point: bool = False


class Comparer:
    """Compares one rule with one other optimizer."""

    def __init__(self, verifier: Verifier, other: Other, tolerance: float):
        ours, theirs = point_of(verifier.program) is not None, other.pointed(verifier)
        self.unknown_point = ours and other.of_host and not theirs
        pointed = theirs or (ours and not other.of_host)
        self.verifier = replace(verifier, pointed=pointed)
        self.other = other
        self.tolerance = tolerance
        self.explorer = Explorer(self.verifier, other.shared, tolerance)
        self.tried: list[Tried] = []
        self.refusals: list[str] = []

    def verdict(self, *, as_given: bool = False) -> Verdict:
        """The verdict; of what was asked for alone if `as_given`."""
        base = self.verifier.compare(self.other.path(self.verifier), self.tolerance)
        self._take(Draw(self.verifier.steps), base)
        if not base.equal:
            return self._made(base, None, self._reason(self.verifier, base))
        if not as_given and (found := self._different()):
            setting = self.explorer.at(found.draw)
            reason = self._reason(setting, found.comparison)
            return self._made(found.comparison, found.draw, reason)
        return self._made(base, None, None)

    def _made(self, found: PathComparison, draw: Draw | None, reason: str | None) -> Verdict:
        exercise, tried = self.explorer.exercise, tuple(self.tried)
        refusals = tuple(self.refusals)
        return Verdict(found, draw, reason, tried, exercise, refusals, self.unknown_point)

    def _different(self) -> Tried | None:
        """The first other setting at which the two differ."""
        for draw in self.explorer.second():
            if found := self._try(draw):
                if not found.comparison.equal:
                    return found
                break
        for draw in self._more():
            found = self._try(draw)
            if found and not found.comparison.equal:
                return found
        return None

    def _more(self) -> Iterator[Draw]:
        """Settings for the conditions of the rule, then for those of the other."""
        for draw in self.explorer.further():
            yield draw
            if len(self.tried) >= _MOST:
                break
        yield from self.explorer.unseen([each.draw.look for each in self.tried])

    def _try(self, draw: Draw) -> Tried | None:
        """The comparison at a setting; None where it says nothing."""
        setting = self.explorer.at(draw)
        ours = setting.walk_rule(setting.program)
        if not all(np.all(np.isfinite(leaf)) for leaf in ours[-1]):
            self.refusals.append(f"{draw.words}: the rule is not finite there")
            return None
        bound = max(self.tolerance, _ROUNDING * setting.shaken(ours))
        if not bound <= _WILD * self.tolerance:
            self.refusals.append(f"{draw.words}: the rule multiplies rounding errors there")
            return None
        try:
            theirs = self.other.path(setting)
        except (Refused, UsageError) as refusal:
            self.refusals.append(f"{draw.words}: {str(refusal).splitlines()[0]}")
            return None
        found = Tried(draw, setting.beside(ours, theirs, bound))
        self.tried.append(found)
        if found.comparison.equal:
            self._take(draw, found.comparison)
        return found

    def _take(self, draw: Draw, found: PathComparison) -> None:
        """Note what a comparison exercises."""
        self.explorer.take(draw)
        self.explorer.exercise.moved |= found.moved(self.explorer.at(draw).model.start())

    def _reason(self, setting: Verifier, found: PathComparison) -> str | None:
        if found.same_steps:
            return "the parameters are the same, and those that are evaluated are others"
        decay = self.other.decay
        widened = partial(self.other.path, setting) if self.other.of_host else None
        bound = min(found.tolerance, _LEFT * found.largest)
        reasons = Reasons(setting, bound, decay, widened)
        if reason := reasons.find(found.theirs):
            return reason
        apart = setting.shaken(setting.numpy_path(setting.program))
        if apart * 100 >= found.largest:
            return (
                "nothing but rounding: the rule itself, started a rounding error beside, comes "
                f"{apart:.0e} away from its own path"
            )
        if draws_noise(setting.program):
            return (
                "random numbers: the rule draws some, and the other has none or its own, so no "
                "comparison of paths can tell whether the two are alike"
            )
        return None
