"""Tuning on a grid that grows until its best point is interior: the rate, with the weight decay.

Every rule gets the same grid around its own default rate and the same way to extend it, so a rule
that was published for large models is not beaten by its default, nor by the edge of a grid. Rates
are half decades; weight decays are 0 and decades, and 0 is no edge, since nothing lies below it.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

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

Measure = Callable[[float | None, Sequence[float | None]], Sequence[float]]
"""(weight decay, rates) -> one value per rate, higher is better; None where the rule has none."""


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


def grid_tune(rule: Program, measure: Measure) -> GridTuned:
    """The best rate and weight decay of a rule by `measure`.

    Of equally good points the one nearest to the default rate, then with the least decay.
    """
    hypers = rule.hyperparameters
    default = hypers.get("lr")
    steps: list[int] = [*RATE_STEPS] if default else [0]
    decays: list[float | None] = [*DECAYS] if "wd" in hypers else [None]
    known: dict[tuple[float | None, int], float] = {}
    while True:
        for decay in decays:
            new = [step for step in steps if (decay, step) not in known]
            if new:
                values = measure(decay, [_rate(default, step) for step in new])
                known.update(zip(((decay, step) for step in new), values, strict=True))
        best = max(known, key=lambda point: (known[point], -abs(point[1]), -(point[0] or 0)))
        more_steps = _next_steps(best[1], steps) if default else []
        more_decays = _next_decays(best[0], decays)
        if not more_steps and not more_decays:
            break
        steps, decays = sorted(steps + more_steps), decays + more_decays
    decay, step = best
    sweep = [(rate, known[decay, at]) for at in steps if (rate := _rate(default, at)) is not None]
    inside = (not default or steps[0] < step < steps[-1]) and (not decay or decay != decays[-1])
    return GridTuned(_rate(default, step), decay, known[best], inside, len(known), tuple(sweep))


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


def _next_decays(best: float | None, decays: list[float | None]) -> list[float | None]:
    if best and best == decays[-1] and best < LARGEST_DECAY:
        return [float(f"{10 * best:g}")]
    return []
