"""What a person sees of a campaign: a live view on a terminal, lines in a log, tables."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from search.campaign import events
from search.campaign.events import Event, Observer, Progress
from search.report.hall_of_fame import Entry, HallOfFame
from search.report.transfer import HEADING
from stepsmith.output import plain_table

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
    """A line every few seconds, for a log."""

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
            _say(self.console, _progress_line(event.progress))
        elif isinstance(event, (events.MeasuringFinalists, events.Validating)) and event.done:
            return
        elif (sentence := _sentence(event)) != self.said:
            self.said = sentence
            _say(self.console, sentence)


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
                line = _progress_line(progress)
                self.live.update(_bar(progress.judged, progress.budget, line))
                if progress.judged == progress.budget:
                    _say(self.console, line)
        elif isinstance(event, (events.MeasuringFinalists, events.Validating)):
            self.live.update(_bar(event.done, event.total, _sentence(event)))
        else:
            _say(self.console, _sentence(event))


def _bar(done: int, total: int, line: str) -> Table:
    view = Table.grid()
    view.add_row(ProgressBar(total=total, completed=done, width=60))
    view.add_row(Text(line))
    return view


def _sentence(event: Event) -> str:
    match event:
        case events.Resumed(candidates):
            return f"Resumed: {candidates} programs from the ledger agree with it."
        case events.WorkersStarting(0):
            return "Working in this process."
        case events.WorkersStarting(workers):
            plural = "s" if workers > 1 else ""
            return f"Starting {workers} worker{plural} on Ray ..."
        case events.TuningBaseline(rule, evaluations):
            return f"Tuning {rule} in {evaluations} evaluations, the score of 1 ..."
        case events.BaselineTuned(program):
            constants = ", ".join(f"{n}={v:.3g}" for n, v in program.hyperparameters.items())
            return f"Tuned: {constants}"
        case events.CandidateLost(index, sentence):
            return f"Candidate {index} is recorded as lost: {sentence}"
        case events.Alarm(index, sentence):
            return f"ALARM: candidate {index} is not promoted: {sentence}"
        case events.MeasuringFinalists(finalists):
            return f"Measuring the {finalists} best on fresh seeds ..."
        case events.Validating(stage, suite):
            return f"{stage.capitalize().replace('_', '-')}: the best on the suite {suite} ..."
        case events.Judged(progress):
            return _progress_line(progress)


def _progress_line(progress: Progress) -> str:
    share = f"{100 * progress.judged / progress.budget:3.0f}%"
    parts = [f"{share}  {progress.judged}/{progress.budget} programs"]
    if progress.rate is not None and progress.seconds_left is not None:
        parts.append(f"{progress.rate:.1f} programs/s")
        parts.append(f"{duration(progress.seconds_left)} left")
    if progress.best is not None:
        parts.append(f"best score {progress.best:.4f} (c{progress.best_at})")
    hits = sum(progress.hits.values())
    parts.append(f"{100 * hits / progress.judged:.0f}% from cache" if progress.judged else "")
    return ", ".join(part for part in parts if part)


def hall_table(hall: HallOfFame, width: int) -> Group:
    """The finalists against the baseline, an arrow at the winner, and its program below.

    `width` is that of the console, in characters.
    """
    table = plain_table()
    table.add_column("")
    table.add_column("score", justify="right", no_wrap=True, min_width=16)
    if hall.winner.validated is not None:
        table.add_column("unseen", justify="right", no_wrap=True)
    table.add_column("size", justify="right", min_width=4)
    table.add_column("hash", no_wrap=True, min_width=8)
    table.add_column("program", overflow="ellipsis", no_wrap=True, max_width=max(width - 42, 20))
    for place, entry in enumerate(hall.entries):
        mark = "->" if place == 0 else "*" if entry.pareto else ""
        _add(table, mark, entry, hall.winner.validated is not None)
    _add(table, "=", hall.baseline, hall.winner.validated is not None, f"tuned {hall.rule}: ")
    seeds = len(hall.winner.scores)
    legend = (
        f"-> the winner, * best for its size, = the baseline; score: tuned {hall.rule} is 1, "
        f"untrained is 0, mean +- sd over {seeds} fresh seeds"
    )
    if hall.winner.validated is not None:
        legend += "; unseen: the same on the tasks of meta-validation, which choose the winner"
    code = [f"  {line}".rstrip() for line in str(hall.winner.program).splitlines()]
    return Group(
        Text("Hall of fame", style="bold"),
        table,
        Text(legend, style="dim"),
        Text("\n".join(["", *code, ""])),
        Text("\n".join([hall.sentence, *_unseen(hall)])),
    )


def _unseen(hall: HallOfFame) -> list[str]:
    lines = [f"  {each.sentence}" for each in hall.unseen]
    return ["", HEADING, *lines] if lines else []


def _add(table: Table, mark: str, entry: Entry, validated: bool, before: str = "") -> None:
    scores = [f"{entry.mean:.4f} +- {entry.sd:.4f}"]
    if validated:
        scores.append("" if entry.validated is None else f"{entry.validated:.4f}")
    lines = [line.strip() for line in str(replace(entry.program, doc="")).splitlines()]
    body = lines[1 + next(i for i, line in enumerate(lines) if line.endswith("):")) :]
    table.add_row(mark, *scores, str(entry.size), entry.hash[:8], Text(before + "; ".join(body)))


def duration(seconds: float) -> str:
    """`2:05` or `1:02:05`."""
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _say(console: Console, text: str) -> None:
    console.print(Text(text), soft_wrap=True)
