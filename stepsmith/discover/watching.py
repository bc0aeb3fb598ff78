"""Observers of a campaign: a live view on a terminal, lines in a log."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from search.campaign import events
from search.campaign.events import Event, Observer
from stepsmith.discover.sentences import progress_line, sentence

_STAGES = (
    events.TuningStarts,
    events.MeasuringFinalists,
    events.Reducing,
    events.Validating,
)
"""Events that say how much of a stage is done."""
_LINE_SECONDS = 5.0
_REFRESH_SECONDS = 0.2


@contextmanager
def watching(console: Console) -> Iterator[Observer]:
    """An observer that shows a campaign: live on a terminal, a line now and then elsewhere."""
    if console.is_terminal:
        with Live(console=console, refresh_per_second=5, transient=True) as live:
            yield _LiveView(console, live)
    else:
        yield _Lines(console)


class _Lines:
    """A line at most every few seconds, for a log."""

    def __init__(self, console: Console):
        self.console = console
        self.last: float | None = None
        self.said = ""

    def __call__(self, event: Event) -> None:
        if isinstance(event, events.Judged):
            self.last = self.last or time.monotonic()
            done = event.progress.judged == event.progress.budget
            if not done and time.monotonic() - self.last < _LINE_SECONDS:
                return
            self.last = time.monotonic()
            _say(self.console, progress_line(event.progress))
        elif isinstance(event, _STAGES) and event.done:
            return
        elif (said := sentence(event)) != self.said:
            self.said = said
            _say(self.console, said)


class _LiveView:
    """A bar and the figures below it, redrawn in place; sentences scroll above."""

    def __init__(self, console: Console, live: Live):
        self.console = console
        self.live = live
        self.last = 0.0

    def __call__(self, event: Event) -> None:
        if isinstance(event, events.Judged):
            now, progress = time.monotonic(), event.progress
            if now - self.last > _REFRESH_SECONDS or progress.judged == progress.budget:
                self.last = now
                line = progress_line(progress)
                self.live.update(_bar(progress.judged, progress.budget, line))
                if progress.judged == progress.budget:
                    _say(self.console, line)
        elif isinstance(event, _STAGES):
            self.live.update(_bar(event.done, event.total, sentence(event)))
        else:
            _say(self.console, sentence(event))


def _bar(done: int, total: int, line: str) -> Table:
    view = Table.grid()
    view.add_row(ProgressBar(total=total, completed=done, width=60))
    view.add_row(Text(line))
    return view


def _say(console: Console, text: str) -> None:
    console.print(Text(text), soft_wrap=True)
