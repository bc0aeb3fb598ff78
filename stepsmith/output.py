"""Where results go, and the look of their tables."""

from typing import Any

from rich.console import Console
from rich.table import Table

_PIPE_WIDTH = 140
"""Characters of a line where stdout is no terminal: wide enough for every table."""


def data_console() -> Console:
    """The console for results: stdout."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PIPE_WIDTH)


def plain_table(**options: Any) -> Table:
    """A table without lines: columns two spaces apart under a bold head."""
    look = {"box": None, "pad_edge": False, "header_style": "bold", "padding": (0, 2, 0, 0)}
    return Table(**{**look, **options})
