"""The view of a reduction that runs: what is done, the share of the budget, the time left."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.progress_bar import ProgressBar
from rich.text import Text

from search.reduction.alone import ReductionProgress
from stepsmith.live import drawn
from stepsmith.output import duration


@contextmanager
def reducing(console: Console) -> Iterator[Callable[[ReductionProgress], None]]:
    """An observer that shows how far a reduction is."""
    view = _Now()
    with drawn(console, view) as show:

        def take(progress: ReductionProgress) -> None:
            view.progress = progress
            show()

        yield take


class _Now:
    """The latest progress, drawn with the time of the drawing."""

    def __init__(self):
        self.start = time.monotonic()
        self.progress = ReductionProgress("starting", 0, 1)

    def sentence(self) -> str:
        doing, done, total = self.progress
        spent = time.monotonic() - self.start
        parts = [f"{100 * done / total:3.0f}%  {doing}", f"{duration(spent)} spent"]
        if done:
            parts.append(f"at most about {duration(spent * (total - done) / done)} left")
        return ", ".join(parts)

    def __rich__(self) -> Group:
        bar = ProgressBar(total=self.progress.total, completed=self.progress.done, width=60)
        return Group(bar, Text(self.sentence()))
