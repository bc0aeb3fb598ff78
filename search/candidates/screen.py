"""The screen: what a new candidate has to reach for its judging to go on, by recent candidates.

Tasks are met in their order, the cheapest first. At the first checkpoint of each the worst runs end
and count with the score that they have there; after some tasks the mean score so far has to be
among the better ones, or the rest is not paid for.
"""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple, TypeVar

import numpy as np

from evaluators.evaluation import Evaluation
from evaluators.score import WORST
from search.config import ScreenConfig

K = TypeVar("K", str, int)

_ENOUGH = 4
"""There is a bar once a quarter of the window is full: one in `_ENOUGH`."""


class Bars(NamedTuple):
    """`early`: the score at the first checkpoint below which a run on a task ends there.
    `hurdles`: by a number of tasks, the least mean score on these."""

    early: dict[str, float]
    hurdles: dict[int, float]


class Screen:
    """The scores of recent candidates on the way; the same for the same candidates."""

    def __init__(self, options: ScreenConfig | None):
        self.options = options
        self._early: dict[str, deque[float]] = {}
        self._means: dict[int, deque[float]] = {}

    def learn(self, evaluation: Evaluation) -> None:
        """Take in a candidate on every task that it was trained on; where it failed before the
        checkpoint, with the worst score."""
        if self.options is None:
            return
        early, scores = evaluation.early(), evaluation.by_task()
        for task in scores:
            self._recent(self._early, task).append(early.get(task, WORST))
        for count in self.options.after:
            if count <= len(scores):
                mean = sum(list(scores.values())[:count]) / count
                self._recent(self._means, count).append(mean)

    def now(self) -> Bars:
        """The bars for the next candidate."""
        if self.options is None:
            return Bars({}, {})
        return Bars(
            _quantiles(self._early.items(), 1 - self.options.early, self.options.window),
            _quantiles(self._means.items(), 1 - self.options.keep, self.options.window),
        )

    def _recent(self, seen: dict[K, deque[float]], key: K) -> deque[float]:
        assert self.options is not None
        return seen.setdefault(key, deque(maxlen=self.options.window))


def _quantiles(seen: Iterable[tuple[K, deque[float]]], share: float, window: int) -> dict[K, float]:
    return {
        key: float(np.quantile(np.asarray(scores), share))
        for key, scores in seen
        if len(scores) >= window // _ENOUGH
    }
