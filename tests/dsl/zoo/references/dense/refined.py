"""Refined schedules: a table of multipliers from gradient norms, step by step."""

import numpy as np
from scipy.ndimage import median_filter

from tests.dsl.zoo.references.dense import At, dense

SGD_NORMS = """
    .403 .375 .429 .585 .598 .554 .769 .697 .634 .616 .466 .652 .515 .627 .756 .471 .503 .601 .465
    .565 .406 .605 .411 .584 .575 .535 .457 .320 .626 .438 .506 .358 .429 .378 .391 .444 .388 .634
    .539 .407
"""
ADAMW_NORMS = """
    8.60 9.89 12.6 16.9 18.7 14.7 15.6 17.9 11.3 11.9 8.92 15.2 10.3 10.1 18.4 8.66 9.52 11.0 8.97
    8.39 9.87 9.67 8.97 12.4 9.80 10.3 10.6 8.19 13.5 6.73 10.7 6.50 8.39 5.93 6.26 6.41 6.59 9.22
    9.80 8.51
"""
SGD_KNOTS = [0, 1, 2, 3, 6, 13, 14, 15, 16, 19, 20, 21, 26, 27, 32, 39]
ADAMW_KNOTS = [0, 2, 3, 5, 7, 8, 11, 15, 17, 19, 28, 29, 30, 31, 37, 39]
"""The numbers of the tables that the programs keep."""


def refinement(norms, power: float, part: float = 0.1) -> np.ndarray:
    """The schedule of a sequence of norms, its largest value 1."""
    count = len(norms)
    width = 2 * (int(part * count) // 2) + 1
    mirrored = np.pad(norms, (0, 2 * width), mode="reflect")
    smooth = median_filter(mirrored, size=width, mode="nearest")[:count]
    weight = [1 / n**power for n in smooth]
    schedule = [weight[t] * sum(weight[t + 1 :]) / weight[-1] for t in range(count)]
    return np.array(schedule) / max(schedule)


def _multiplier(at: At, text: str, power: float, kept: list[int]) -> float:
    table = np.round(refinement(np.array(text.split(), float), power), 4)
    place = (at.t - 1) / (at.T - 1) * (len(table) - 1)
    return float(np.interp(place, kept, table[kept]))


@dense("refined_sgd")
def refined_sgd(at: At, *, lr, wd):
    rate = lr * _multiplier(at, SGD_NORMS, 2, SGD_KNOTS)
    for w, g in zip(at.w, at.g, strict=True):
        w -= rate * (g + wd * w)


@dense("refined_adamw")
def refined_adamw(at: At, m, v, *, lr, b1, b2, eps, wd):
    rate = lr * _multiplier(at, ADAMW_NORMS, 1, ADAMW_KNOTS)
    for i, (w, g) in enumerate(zip(at.w, at.g, strict=True)):
        m[i] += (1 - b1) * (g - m[i])
        v[i] += (1 - b2) * (g**2 - v[i])
        root = np.sqrt(v[i] / (1 - b2**at.t)) + eps
        w -= rate * (m[i] / (1 - b1**at.t) / root + wd * w)
