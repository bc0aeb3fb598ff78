"""Tuning on a grid that grows until its best point is interior: the rate, with the weight decay.

Every rule gets the same grid around its own default rate and the same way to extend it, so a rule
that was published for large models is not beaten by its default, nor by the edge of a grid. Rates
are half decades; weight decays are 0 and decades, and 0 is no edge, since nothing lies below it.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from dsl.program import Program

RATE_STEPS = (-2, -1, 0, 1, 2)
"""Half decades from the default rate, where the grid starts."""
DECAYS = (0.0, 1e-3, 1e-2, 1e-1)
"""Weight decays where the grid starts."""
FARTHEST_STEP = 12
"""The grid ends six decades from the default rate ..."""
LARGEST_DECAY = 100.0
"""... and here."""

GRID = (RATE_STEPS, DECAYS, FARTHEST_STEP, LARGEST_DECAY)


class Point(NamedTuple):
    """A place on the grid; None where the rule has no such constant."""

    decay: float | None
    rate: float | None


@dataclass(frozen=True)
class GridTuned:
    """The best point of a grid.

    `rate` and `decay` are None for a rule without `lr` or `wd`; `interior` says whether worse
    points lie on every side, which fails only at the farthest ends. `sweep` holds (rate, value) of
    all rates at the best decay, ascending.
    """

    rate: float | None
    decay: float | None
    value: float
    interior: bool
    points: int
    sweep: tuple[tuple[float, float], ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "GridTuned":
        """The inverse of `to_json`; KeyError, TypeError or ValueError for other data."""
        sweep = tuple((float(rate), float(value)) for rate, value in data["sweep"])
        return GridTuned(**{**data, "sweep": sweep})

    @property
    def constants(self) -> dict[str, float]:
        """The hyperparameters that were tuned."""
        found = {"lr": self.rate, "wd": self.decay}
        return {name: value for name, value in found.items() if value is not None}


class GridSearch:
    """The search for the best rate and weight decay of a rule: ask for points, tell their values.

        search = GridSearch(rule)
        while points := search.ask():
            search.tell([value_at(point) for point in points])
        search.result

    Of equally good points the one nearest to the default rate, then with the least decay. With
    `rates_alone` the weight decay stays as it is.
    """

    def __init__(self, rule: Program, rates_alone: bool = False):
        hypers = rule.hyperparameters
        self._default = hypers.get("lr")
        self._steps: list[int] = [*RATE_STEPS] if self._default else [0]
        self._decays: list[float | None] = [None]
        if "wd" in hypers and not rates_alone:
            self._decays = [*DECAYS]
        self._known: dict[tuple[float | None, int], float] = {}

    def ask(self) -> list[Point]:
        """The points to value next, those of one decay in a row; the same until they are told. The
        search has ended when there are none."""
        return [Point(decay, _rate(self._default, step)) for decay, step in self._open()]

    def tell(self, values: Sequence[float]) -> None:
        """Take the values of the points that `ask` gives, in its order; higher is better."""
        self._known.update(zip(self._open(), values, strict=True))
        decay, step = self._best()
        more_steps = _next_steps(step, self._steps) if self._default else []
        more_decays = next_decays(decay, self._decays)
        self._steps, self._decays = sorted(self._steps + more_steps), self._decays + more_decays

    @property
    def result(self) -> GridTuned:
        """The best point, once the search has ended."""
        decay, step = self._best()
        return GridTuned(
            rate=_rate(self._default, step),
            decay=decay,
            value=self._known[decay, step],
            interior=(not self._default or self._steps[0] < step < self._steps[-1])
            and (not decay or decay != self._decays[-1]),
            points=len(self._known),
            sweep=tuple(
                (rate, self._known[decay, at])
                for at in self._steps
                if (rate := _rate(self._default, at)) is not None
            ),
        )

    def _open(self) -> list[tuple[float | None, int]]:
        """Decays and half decades of the grid without a value."""
        places = ((decay, step) for decay in self._decays for step in self._steps)
        return [place for place in places if place not in self._known]

    def _best(self) -> tuple[float | None, int]:
        known = self._known
        return max(known, key=lambda place: (known[place], -abs(place[1]), -(place[0] or 0)))


def _rate(default: float | None, step: int) -> float | None:
    """The rate `step` half decades from the default, rounded so that it prints short."""
    if not default:
        return None
    return float(f"{default * math.pow(10, step / 2):.4g}")


def _next_steps(best: int, steps: list[int]) -> list[int]:
    """Half decades to try beyond the edge that the best one lies on."""
    if best == steps[-1]:
        return [step for step in (best + 1, best + 2) if step <= FARTHEST_STEP]
    if best == steps[0]:
        return [step for step in (best - 2, best - 1) if step >= -FARTHEST_STEP]
    return []


def next_decays(best: float | None, decays: Sequence[float | None]) -> list[float | None]:
    """The decays to try beyond the last of those tried so far, if that is the best of them."""
    if best and best == decays[-1] and best < LARGEST_DECAY:
        return [float(f"{10 * best:g}")]
    return []
