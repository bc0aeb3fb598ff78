"""The thresholds of the screen: a rolling percentile of the scores at the first checkpoint, by
task."""

from collections import deque

import numpy as np

from evaluators.evaluation import Evaluation
from evaluators.score import WORST
from search.config import ScreenConfig

_ENOUGH = 4
"""There is a threshold once a quarter of the window is full: one in `_ENOUGH`."""


class Thresholds:
    """The scores of recent candidates at the first checkpoint; the same for the same candidates."""

    def __init__(self, options: ScreenConfig | None):
        self.options = options
        self._seen: dict[str, deque[float]] = {}

    def learn(self, evaluation: Evaluation) -> None:
        """Take in a candidate on every task that it was trained on; where it failed before the
        checkpoint, with the worst score."""
        if self.options is None:
            return
        early = evaluation.early()
        for task in dict.fromkeys(each.task for each in evaluation.measurements):
            seen = self._seen.setdefault(task, deque(maxlen=self.options.window))
            seen.append(early.get(task, WORST))

    def now(self) -> dict[str, float]:
        """The score that the next candidate has to reach, by task."""
        if self.options is None:
            return {}
        share, enough = 1 - self.options.keep, self.options.window // _ENOUGH
        return {
            task: float(np.quantile(np.asarray(seen), share))
            for task, seen in self._seen.items()
            if len(seen) >= enough
        }
