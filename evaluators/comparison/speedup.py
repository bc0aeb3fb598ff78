"""The steps to reach a loss: speed-ups, performance profiles, rate windows.

Losses are taken at a few checkpoints of the training, so that steps are interpolated between them,
and a speed-up is known within a factor of `horizon / first checkpoint`, at which it is cut off.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float


def steps_to(
    target: Float[np.ndarray, " runs"],
    checkpoints: Sequence[int],
    losses: Float[np.ndarray, "runs checkpoints"],
) -> Float[np.ndarray, " runs"]:
    """Steps after which a loss is at or below its target for the first time; inf if it never is.

    **Arguments:** `checkpoints`: ascending steps > 0; `losses`: at those steps; one that is not
    finite counts as above any target. Between two checkpoints the loss is taken to fall evenly;
    before the first one nothing is known, which counts as reached there.
    """
    at = np.asarray(checkpoints, float)
    curve = _losses(losses)
    goal = target[:, None]
    below = curve <= np.where(np.isnan(goal), -np.inf, goal)
    below &= np.isfinite(curve)
    first = np.argmax(below, axis=1)[:, None]
    before = np.maximum(first - 1, 0)
    above, reached = (np.take_along_axis(curve, index, 1) for index in (before, first))
    with np.errstate(invalid="ignore", divide="ignore"):
        share = (above - goal) / (above - reached)  # of the way between the checkpoints
    share = np.where((first > 0) & np.isfinite(above), share, 1.0)
    steps = at[before] + share * (at[first] - at[before])
    return np.where(below.any(axis=1), steps[:, 0], np.inf)


def speed_up(
    losses: Float[np.ndarray, "runs checkpoints"],
    baseline: Float[np.ndarray, "runs checkpoints"],
    checkpoints: Sequence[int],
) -> Float[np.ndarray, " runs"]:
    """The ratio of the baseline's steps to a rule's: 2 is twice as fast, 1 is equal.

    The target is the baseline's final loss, by its own curve too: a curve that goes below its end
    earlier is credited with that. A run that does not reach it within the horizon is censored;
    what is known then is the mirror image, how soon the baseline reached the rule's final loss, and
    that is its speed-up (below 1). So exchanging the two rules inverts the value, and no run is
    left out. A run that fails is beaten by the largest factor that can be seen, `horizon / first
    checkpoint`, which also bounds all others; two that fail are equal.

    **Arguments:** `losses`, `baseline`: of the same tasks and seeds.
    """
    ours, theirs = _losses(losses), _losses(baseline)
    target = np.maximum(ours[:, -1], theirs[:, -1])
    ours_fails, theirs_fails = np.isinf(ours[:, -1]), np.isinf(theirs[:, -1])
    with np.errstate(invalid="ignore"):
        ratio = steps_to(target, checkpoints, theirs) / steps_to(target, checkpoints, ours)
    bound = checkpoints[-1] / checkpoints[0]
    ratio = np.where(ours_fails, 1 / bound, np.where(theirs_fails, bound, ratio))
    ratio = np.where(ours_fails & theirs_fails, 1.0, ratio)
    return np.clip(ratio, 1 / bound, bound)


def profile(
    costs: Float[np.ndarray, "rules problems"], factors: Float[np.ndarray, " factors"]
) -> Float[np.ndarray, "rules factors"]:
    """Performance profiles (Dolan and More 2002): the shares of problems that each rule solves
    within each factor of the least cost that any rule needs.

    **Arguments:** `costs`: > 0, inf where a problem is not solved; `factors`: >= 1. A problem that
    nobody solves counts against everybody.
    """
    best = costs.min(axis=0)
    with np.errstate(invalid="ignore"):
        ratio = np.where(np.isfinite(costs), costs / best, np.inf)
    return (ratio[:, :, None] <= factors).mean(axis=1)


def rate_window(rates: Sequence[float], scores: Sequence[float], within: float = 0.1) -> float:
    """The sensitivity to the rate: decades around the best whose score is `within` of the best.

    The range is the one that holds the best rate, its ends interpolated between the rates tried; it
    cannot reach beyond them. 0 is a spike, 2 a rate that may be wrong by a factor of ten either
    way.

    **Arguments:** `rates`: ascending, > 0; `scores`: finite, one per rate.
    """
    decades, heights = np.log10(np.asarray(rates, float)), np.asarray(scores, float)
    best = int(np.argmax(heights))
    threshold = heights[best] - within
    right = _reach(decades[best:], heights[best:], threshold)
    left = _reach(-decades[best::-1], heights[best::-1], threshold)
    return float(right + left)


def _reach(
    places: Float[np.ndarray, " rates"], heights: Float[np.ndarray, " rates"], threshold: float
) -> float:
    """The distance from the first place over which the heights stay at or above the threshold."""
    under = np.flatnonzero(heights < threshold)
    if not under.size:
        return places[-1] - places[0]
    stop = int(under[0])
    share = (heights[stop - 1] - threshold) / (heights[stop - 1] - heights[stop])
    return places[stop - 1] + share * (places[stop] - places[stop - 1]) - places[0]


def _losses(
    losses: Float[np.ndarray, "runs checkpoints"],
) -> Float[np.ndarray, "runs checkpoints"]:
    """Curves in which a loss that is not finite is infinite."""
    return np.where(np.isfinite(losses), losses, np.inf)
