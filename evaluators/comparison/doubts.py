"""Doubts about a comparison: idle baselines, grids that end at an edge, scores at the cap.

Each is a warning. Those about the baseline that a verdict is made against, on half of the tasks or
more, forbid the verdict.
"""

import numpy as np

from evaluators.comparison.results import Comparison
from evaluators.doubts import ROUNDING, capped, forbids, on_tasks
from evaluators.score import BEST


def idle(comparison: Comparison, index: int) -> list[str]:
    """The tasks on which an entrant learns nothing: after no run is the loss lower than that of the
    untrained model."""
    found = []
    for task, runs in zip(comparison.tasks, comparison.runs[index], strict=True):
        last = np.asarray([gains[-1] for gains in runs.gains], float)
        if not np.any(np.nan_to_num(last, nan=-1.0) > ROUNDING):
            found.append(task)
    return found


def edges(comparison: Comparison, index: int) -> list[str]:
    """The tasks on which the best rate or decay of an entrant lies at the farthest end."""
    pairs = zip(comparison.tasks, comparison.runs[index], strict=True)
    return [task for task, runs in pairs if not runs.tuned.interior]


def at_cap(comparison: Comparison, index: int) -> list[str]:
    """The tasks on which the mean score of an entrant is as high as a score may be."""
    means = map(float, comparison.scores(index).mean(axis=1))
    return capped(dict(zip(comparison.tasks, means, strict=True)))


def warnings(comparison: Comparison) -> list[str]:
    """All doubts, a sentence each."""
    found = []
    for index, entrant in enumerate(comparison.entrants):
        cap = f"has its score at the cap of {BEST:g}", at_cap(comparison, index)
        for words, tasks in (*_of_tuning(comparison, index), cap):
            if tasks:
                found.append(on_tasks(f"{entrant.name} {words}", tasks))
    return found


def grave(comparison: Comparison, baseline: int) -> list[str]:
    """The doubts for which no claim is made against a baseline."""
    name = comparison.entrants[baseline].name
    return [
        on_tasks(f"{name} {words}", tasks)
        for words, tasks in _of_tuning(comparison, baseline)
        if forbids(tasks, len(comparison.tasks))
    ]


def _of_tuning(comparison: Comparison, index: int) -> tuple[tuple[str, list[str]], ...]:
    """The doubts about an entrant as it was tuned, with the tasks that they concern."""
    return (
        ("learns nothing", idle(comparison, index)),
        ("has the best of its grid at the farthest end", edges(comparison, index)),
    )
