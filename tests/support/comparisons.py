"""A comparison made by hand: three tasks, two seeds, curves with known figures."""

import math

from evaluators.comparison.results import Comparison, Entrant, Runs, TaskSetup
from evaluators.tuning.grid import GridTuned

NAN = math.nan
LOOKS = (10, 20, 30, 40)
TUNED = GridTuned(0.1, 0.0, 1.0, True, 20, ((0.01, 0.0), (0.1, 1.0), (1.0, 0.0)))
AT_THE_EDGE = GridTuned(10.0, 0.0, 1.0, False, 20, ((1.0, 1.0), (10.0, 1.0)))
NO_RATE = GridTuned(None, None, 1.0, True, 1, ())

SLOW = Runs(TUNED, ((4.0, 3.0, 2.5, 2.0), (4.0, 3.0, 2.5, 2.0)), ((1.0, 2.0), (1.0, 2.0)))
FAST = Runs(TUNED, ((3.0, 2.0, 1.5, 1.0), (3.0, 2.0, 1.5, 1.0)), ((1.5, 3.0), (1.5, 3.0)))
FAILS = Runs(AT_THE_EDGE, ((4.0, NAN, NAN, NAN), (4.0, 3.0, 2.5, 2.0)), ((NAN, NAN), (1.0, 2.0)))


def free_of_rates(runs: Runs) -> Runs:
    """The same without anything to tune."""
    return Runs(NO_RATE, runs.losses, runs.gains)


def by_hand() -> Comparison:
    """`mine` is twice as fast as AdamW everywhere, `lion` equals it but for one failed run."""
    names = ("first", "second", "third")
    return Comparison(
        suite="by_hand",
        setups=tuple(TaskSetup(name, 40, LOOKS, (20, 40), 0.1) for name in names),
        seeds=(7, 8),
        entrants=(
            Entrant("mine", "0" * 16, True, 3, 3.0),
            Entrant("adamw", "1" * 16, False, 2, 1.0),
            Entrant("lion", "2" * 16, False, 1, 1.0),
        ),
        runs=(
            (free_of_rates(FAST),) * 3,
            (SLOW,) * 3,
            (SLOW, SLOW, FAILS),
        ),
        seconds=((2e-3,) * 3, (1e-3,) * 3, (1e-3, 1e-3, NAN)),
        looked_at=1,
    )
