"""The campaign, which waits for losses in a thread of its own, and its owner, who tells them."""

import threading
from collections.abc import Sequence

from evaluators.registry import get
from evaluators.task import OutsideRuns
from stepsmith.asking.asked import Asked, asked_of, losses_of
from stepsmith.asking.baseline import check_told
from stepsmith.asking.journal import Journal
from stepsmith.errors import UsageError

Losses = list[tuple[float, ...]]


class Closed(BaseException):
    """Ends the campaign's thread where its owner goes away; no error of the campaign."""


class Exchange:
    """The rules that are asked and not told yet.

    `train` is called by the campaign and waits; `waiting`, `tell` and `close` by its owner.
    """

    def __init__(self, journal: Journal):
        self._journal = journal
        self._open: dict[str, Asked] = {}
        self._told: set[str] = set()
        self._changed = threading.Condition()
        self._closed = False
        self._done = False

    def train(self, asked: Sequence[OutsideRuns]) -> list[Losses]:
        """The losses of every run, in order, as soon as all of them are told."""
        with self._changed:
            journal = self._journal
            for runs in asked:
                left = [seed for seed in runs.seeds if journal.get(runs, seed) is None]
                if left:
                    one = asked_of(runs, left)
                    self._open[one.id] = one
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._open or self._closed)
            if self._closed:
                raise Closed
            found = [[journal.get(runs, seed) for seed in runs.seeds] for runs in asked]
        return [[losses for losses in row if losses is not None] for row in found]

    def waiting(self) -> list[Asked]:
        """The rules that are asked and not told, once there are any; none when all is done.

        **Raises:** UsageError once it is closed; so does `tell`.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._open or self._done or self._closed)
            self._check_open()
            return list(self._open.values())

    def tell(self, rule: str, losses: object) -> None:
        """Take the losses of a rule by seed. **Raises:** UsageError; NotWritten."""
        with self._changed:
            self._check_open()
            if rule not in self._open:
                was = "was told already" if rule in self._told else "was not asked"
                raise UsageError(f"rule {rule} {was}")
            asked = self._open[rule]
            self._journal.put(asked, losses_of(asked, losses))  # pyright: ignore
            del self._open[rule]
            self._told.add(rule)
            self._changed.notify_all()

    def check_baseline(self, rule: str, problems: Sequence[str]) -> None:
        """Refuse, once the baseline is tuned, what was told of it where nothing can be scored by
        it. **Raises:** CampaignFailed."""
        with self._changed:
            for name in problems:
                check_told(rule, get(name), self._journal.of_task(name))

    def finish(self) -> None:
        """Say that the campaign has ended."""
        with self._changed:
            self._done = True
            self._changed.notify_all()

    def _check_open(self) -> None:
        if self._closed:
            raise UsageError("the study is closed; another one in its folder goes on from there")

    def close(self) -> None:
        """Say that nobody will tell any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
