"""The live view of a search: how far it is, what it has found, and the best program as text."""

from rich.console import Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from search.campaign.events import SearchProgress
from stepsmith.discovering.sentences import counted_families, from_cache, per_second, time_left

WIDTH = 60
"""Characters of a bar."""


def bar(done: int, total: int) -> Table:
    """A bar of `WIDTH` characters on a line of its own."""
    line = Table.grid()
    line.add_row(ProgressBar(total=total, completed=done, width=WIDTH))
    return line


def panel(progress: SearchProgress) -> Group:
    """A bar, a line for each fact about a search, and the text of the best program."""
    lines = Table.grid(padding=(0, 2, 0, 0))
    lines.add_column(style="dim", no_wrap=True)
    lines.add_column()
    for name, fact in facts(progress).items():
        lines.add_row(name, Text(fact))
    best = progress.best_program
    text = [Text(f"\n{best}")] if best is not None else []
    return Group(bar(progress.judged, progress.budget), lines, *text)


def facts(progress: SearchProgress) -> dict[str, str]:
    """The facts about a search so far, by name."""
    going = (per_second(progress), time_left(progress))
    programs = f"{progress.judged} of {progress.budget}"
    found = {
        "programs": ", ".join(part for part in (programs, *going) if part),
        "families": f"{counted_families(progress)} trained to the end",
        "from cache": from_cache(progress),
    }
    if progress.best is not None:
        found["best"] = f"{progress.best:.4f} in the search (c{progress.best_at})"
    look = progress.look
    if look is not None and look.unseen is not None:
        found["other tasks"] = (
            f"{look.unseen:.4f}, where it has {look.score:.4f} in the search (c{look.candidate})"
        )
        found["gap"] = f"{look.gap:+.4f} after {look.told} programs"
    return found
