"""Doubts about a comparison: idle baselines, grids that end at an edge, scores at the cap.

Each is a warning. Those about the baseline that a verdict is made against, on half of the tasks or
more, forbid the verdict.
"""

import numpy as np

from evaluators.comparison.results import Comparison
from evaluators.score import BEST

_ROUNDING = 1e-9


def idle(comparison: Comparison, index: int) -> list[str]:
    """The tasks on which an entrant learns nothing: after no run is the loss lower than that of the
    untrained model."""
    found = []
    for task, runs in zip(comparison.tasks, comparison.runs[index], strict=True):
        last = np.asarray([gains[-1] for gains in runs.gains], float)
        if not np.any(np.nan_to_num(last, nan=-1.0) > _ROUNDING):
            found.append(task)
    return found


def edges(comparison: Comparison, index: int) -> list[str]:
    """The tasks on which the best rate or decay of an entrant lies at the farthest end."""
    pairs = zip(comparison.tasks, comparison.runs[index], strict=True)
    return [task for task, runs in pairs if not runs.tuned.interior]


def capped(comparison: Comparison, index: int) -> list[str]:
    """The tasks on which the mean score of an entrant is as high as a score may be."""
    means = comparison.scores(index).mean(axis=1)
    return [task for task, mean in zip(comparison.tasks, means, strict=True) if _at_cap(mean)]


def _at_cap(score: float) -> bool:
    return score >= BEST - _ROUNDING


def warnings(comparison: Comparison) -> list[str]:
    """All doubts, a sentence each."""
    found = []
    for index, entrant in enumerate(comparison.entrants):
        for tasks, words in (
            (idle(comparison, index), "learns nothing"),
            (edges(comparison, index), "has the best of its grid at the farthest end"),
            (capped(comparison, index), f"has its score at the cap of {BEST:g}"),
        ):
            if tasks:
                found.append(f"{entrant.name} {words} on {', '.join(tasks)}")
    return found


def grave(comparison: Comparison, baseline: int) -> list[str]:
    """The doubts for which no claim is made against a baseline."""
    name, half = comparison.entrants[baseline].name, len(comparison.tasks) / 2
    found = []
    for tasks, words in (
        (idle(comparison, baseline), "learns nothing"),
        (edges(comparison, baseline), "has the best of its grid at the farthest end"),
    ):
        if len(tasks) >= half:
            found.append(f"{name} {words} on {', '.join(tasks)}")
    return found
