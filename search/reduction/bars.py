"""The bars for variants of a finalist: where a look does not go on with them."""

import math
from collections.abc import Iterable, Mapping
from statistics import fmean

from search.candidates.screen import Bars
from search.ledger.results import FinalResult

_SLACK = 0.1
"""A look does not go on with a program whose mean over all tasks is as much as this behind; over
some of them, by as much more as that is noisier."""


def look_bars(final: FinalResult) -> Bars:
    """Scores below which a variant of a finalist is behind it by more than the slack: at the first
    checkpoint of each task, and in the mean over the first tasks."""
    early = _by_task(each.early() for each in final.measured)
    scores = [*_by_task(each.by_task() for each in final.measured).values()]
    slack = {count: _SLACK * math.sqrt(len(scores) / count) for count in range(1, len(scores) + 1)}
    return Bars(
        {task: score - slack[1] for task, score in early.items()},
        {count: fmean(scores[:count]) - slack[count] for count in range(1, len(scores))},
    )


def _by_task(found: Iterable[Mapping[str, float]]) -> dict[str, float]:
    """The mean score of each task over several evaluations."""
    scores: dict[str, list[float]] = {}
    for each in found:
        for task, score in each.items():
            scores.setdefault(task, []).append(score)
    return {task: fmean(every) for task, every in scores.items()}
