"""The console for results, the look of tables that Rich draws, and times in words."""

from rich.console import Console
from rich.table import Table

_PIPE_WIDTH = 140
"""Characters of a line where stdout is no terminal: wide enough for every table."""


def data_console() -> Console:
    """The console for results: stdout."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PIPE_WIDTH)


def plain_table() -> Table:
    """A table without lines: columns two spaces apart under a bold head."""
    return Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))


def duration(seconds: float) -> str:
    """`2:05` or `1:02:05`."""
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
