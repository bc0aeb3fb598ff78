"""The screen: what a new candidate has to reach for its judging to go on, by recent candidates.

Tasks are met in their order, the cheapest first. At the first checkpoint of each the worst runs end
and count with the score that they have there; after some tasks the mean score so far has to be
among the better ones, or the rest is not paid for.
"""

import math
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, TypeVar

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
        self._early: dict[str, _Window] = {}
        self._means: dict[int, _Window] = {}

    def learn(self, evaluation: Evaluation) -> None:
        """Take in a candidate on every task that it was trained on; where it failed before the
        checkpoint, with the worst score."""
        if self.options is None:
            return
        early, scores = evaluation.early(), evaluation.by_task()
        for task in scores:
            self._recent(self._early, task).add(early.get(task, WORST))
        for count in self.options.after:
            if count <= len(scores):
                mean = sum(list(scores.values())[:count]) / count
                self._recent(self._means, count).add(mean)

    def now(self) -> Bars:
        """The bars for the next candidate."""
        if self.options is None:
            return Bars({}, {})
        early, kept = self.options.early, self.options.kept
        return Bars(
            {task: run.quantile(1 - early) for task, run in self._early.items() if run.tells},
            {n: mean.quantile(1 - kept[n]) for n, mean in self._means.items() if mean.tells},
        )

    def state(self) -> dict[str, Any]:
        """The scores seen."""
        return {
            name: [[key, list(window.latest)] for key, window in seen.items()]
            for name, seen in (("early", self._early), ("means", self._means))
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state."""
        if self.options is not None:
            size = self.options.window
            self._early = {task: _Window(size, scores) for task, scores in state["early"]}
            self._means = {count: _Window(size, scores) for count, scores in state["means"]}

    def _recent(self, seen: "dict[K, _Window]", key: K) -> "_Window":
        assert self.options is not None
        return seen.setdefault(key, _Window(self.options.window))


class _Window:
    """The latest numbers, as they came and in order."""

    def __init__(self, size: int, numbers: Iterable[float] = ()):
        self.size = size
        self.latest = deque(numbers)
        self._ordered = sorted(self.latest)

    @property
    def tells(self) -> bool:
        """True if there are enough numbers for a bar."""
        return len(self.latest) >= self.size // _ENOUGH

    def add(self, number: float) -> None:
        """Take in a number; the oldest leaves where there are too many."""
        if len(self.latest) == self.size:
            del self._ordered[bisect_left(self._ordered, self.latest.popleft())]
        self.latest.append(number)
        insort(self._ordered, number)

    def quantile(self, share: float) -> float:
        """The number that `share` of the numbers lie below, linear between two of them."""
        place = share * (len(self._ordered) - 1)
        below = math.floor(place)
        low, high = self._ordered[below], self._ordered[min(below + 1, len(self._ordered) - 1)]
        return low + (high - low) * (place - below)
