"""Which piece of a comparison is next, for one worker or several.

The scale is the first rule on every task, since the others are tuned against it. Few tasks are open
at a time, so that few compiled loops are alive; a worker that comes free goes on with the task it
knows, and helps on another one only when no task is left to begin.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evaluators.comparison.results import Runs
from evaluators.workers import Job


@dataclass(frozen=True, order=True)
class Unit(Job[Runs]):
    """A rule on a task, by number; the job of a comparison."""

    task: int
    rule: int


class Schedule:
    """The units of a comparison in the order of their beginning.

    **Arguments:** `pending`: rules to be done on each task, by number; `scale`: the one that the
    others wait for, where it is among them.
    """

    def __init__(self, pending: Mapping[int, Sequence[int]], scale: int):
        self._scale = scale
        self._closed = {task: list(rules) for task, rules in pending.items() if rules}
        self._open: dict[int, list[int]] = {}
        self._waiting: dict[int, list[int]] = {}

    def next(self, known: int | None = None) -> Unit | None:
        """The next unit, of the task `known` if it has one that is ready; None if none is."""
        if known in self._open:
            return self._take(known)
        if self._closed:
            task = next(iter(self._closed))
            rules = self._closed.pop(task)
            if self._scale in rules:
                self._waiting[task] = [rule for rule in rules if rule != self._scale]
                return Unit(task, self._scale)
            self._open[task] = rules
            return self._take(task)
        return self._take(next(iter(self._open))) if self._open else None

    def finished(self, unit: Unit) -> None:
        """Say that a unit is done: after the scale, the other rules on its task are ready."""
        if unit.rule == self._scale and (rules := self._waiting.pop(unit.task, [])):
            self._open[unit.task] = rules

    def _take(self, task: int) -> Unit:
        rules = self._open[task]
        unit = Unit(task, rules.pop(0))
        if not rules:
            del self._open[task]
        return unit
