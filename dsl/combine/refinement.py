"""Schedules refined by what gradients did on an earlier run (Defazio et al. 2023).

A rate may be large where gradients are small, and comes down to 0 as the sum of the weights still
to come does. Norms that stay the same give linear decay.
"""

from collections.abc import Sequence

import numpy as np

from dsl.combine.combinator import check_numbers
from dsl.errors import DslError
from dsl.language.hyperparameters import Hyper
from dsl.shapes import Float

_NUMBERS = {
    "power": Hyper("power of the norms that divides the rate"),
    "smoothing": Hyper("length of the median filter as a part of the run", 0, 1),
}


def refined(
    norms: Sequence[float] | Float[np.ndarray, " steps"],
    *,
    power: float = 2,
    smoothing: float = 0.1,
) -> Float[np.ndarray, " steps"]:
    """Multipliers of the rate, the largest 1 and the last 0, from the gradient norms of a run.

    The weight of a step is its smoothed norm to the power of -`power`; its multiplier is
    proportional to the weight times the sum of the weights after it. For SGD the paper takes
    Euclidean norms and a power of 2, for Adam sums of magnitudes and a power of 1.

    **Arguments:** `norms`: positive, one for each step or for steps at equal distances.
    `smoothing`: length of the median filter as a part of the run; 0 for none.
    **Raises:** DslError if there are fewer than two norms, or one is not positive and finite.
    """
    check_numbers("refined", _NUMBERS, {"power": power, "smoothing": smoothing})
    given = np.asarray(norms, float)
    if given.ndim != 1 or given.size < 2 or not np.all((given > 0) & np.isfinite(given)):
        raise DslError("a schedule is refined from two or more norms, positive and finite")
    weights = running_median(given, int(smoothing * given.size)) ** -power
    ahead = np.append(np.cumsum(weights[:0:-1])[::-1], 0.0)
    return weights * ahead / np.max(weights * ahead)


def running_median(
    values: Float[np.ndarray, " values"], window: int
) -> Float[np.ndarray, " values"]:
    """The median around each value, over `window` values, or one more if that is even.

    Before the first value stands the first again and again; behind the last the values in reverse,
    as in the authors' code.
    """
    half = window // 2
    width = 2 * half + 1
    padded = np.pad(values, (0, 2 * width), mode="reflect")
    padded = np.pad(padded, half, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)
    return np.median(windows, axis=1)[: values.size]
