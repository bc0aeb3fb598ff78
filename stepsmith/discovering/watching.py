"""Observers of a campaign: a live view on a terminal, lines in a log."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from search.campaign import events
from search.campaign.events import Event, Observer, SearchProgress
from stepsmith.discovering.panel import bar, panel
from stepsmith.discovering.sentences import progress_line, sentence

_STAGES = (
    events.TuningStarts,
    events.MeasuringFinalists,
    events.Reducing,
    events.Validating,
)
"""Events that say how much of a stage is done."""
_LINE_SECONDS, _SHARE, _SHARE_SECONDS = 30.0, 0.1, 5.0
"""A log has a line after so many seconds, or after so much of the budget and a few seconds."""
_NOTICEABLE = 0.02
"""Of score; a log shows the best program where it is better by this than the one shown last."""
_REFRESH_SECONDS = 0.25


@contextmanager
def watching(console: Console) -> Iterator[Observer]:
    """An observer that shows a campaign: live on a terminal, a line now and then elsewhere."""
    if console.is_terminal:
        with Live(console=console, refresh_per_second=4, transient=True) as live:
            yield _LiveView(console, live)
    else:
        yield LogLines(console)


class LogLines:
    """A line now and then, for a log, and below it the best program where it has become better.

    **Arguments:** `clock`: seconds from some moment on.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic):
        self.console = console
        self.clock = clock
        self.last: tuple[float, int] | None = None
        """The time and the candidates judged at the last line."""
        self.shown: float | None = None
        """The score of the best program that was shown last."""
        self.said = ""

    def __call__(self, event: Event) -> None:
        if isinstance(event, events.VerdictEntered):
            if self._is_due(event.progress):
                self._show(event.progress)
        elif isinstance(event, _STAGES) and event.done:
            return
        elif (said := sentence(event)) != self.said:
            self.said = said
            _say(self.console, said)

    def _is_due(self, progress: SearchProgress) -> bool:
        now, judged = self.clock(), progress.judged
        if self.last is None:
            self.last = now, judged
        seconds, share = now - self.last[0], (judged - self.last[1]) / progress.budget
        further = share >= _SHARE and seconds >= _SHARE_SECONDS
        due = judged == progress.budget or seconds >= _LINE_SECONDS or further
        if due:
            self.last = now, judged
        return due

    def _show(self, progress: SearchProgress) -> None:
        _say(self.console, progress_line(progress))
        best, program = progress.best, progress.best_program
        better = best is not None and (self.shown is None or best >= self.shown + _NOTICEABLE)
        if better and program is not None:
            self.shown = best
            _say(self.console, "\n".join(f"    {line}" for line in str(program).splitlines()))


class _LiveView:
    """Bar, figures and the best program, redrawn in place; sentences scroll above."""

    def __init__(self, console: Console, live: Live):
        self.console = console
        self.live = live
        self.last = 0.0

    def __call__(self, event: Event) -> None:
        if isinstance(event, events.VerdictEntered):
            now, progress = time.monotonic(), event.progress
            done = progress.judged == progress.budget
            if done or now - self.last > _REFRESH_SECONDS:
                self.last = now
                self.live.update(panel(progress))
                if done:
                    _say(self.console, progress_line(progress))
        elif isinstance(event, _STAGES):
            self.live.update(Group(bar(event.done, event.total), Text(sentence(event))))
        else:
            _say(self.console, sentence(event))


def _say(console: Console, text: str) -> None:
    console.print(Text(text), soft_wrap=True)
