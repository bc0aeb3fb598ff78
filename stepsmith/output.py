"""Output of commands: text on stdout or in a file, and the look of tables that Rich draws.

Rich is imported by the functions that need it: commands that print text start without it.
"""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from stepsmith.errors import UsageError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

_PIPE_WIDTH = 10_000
"""Characters of a line where stdout is no terminal: a row of a table is a line there."""


def put(text: str, out: Path | None, *, force: bool) -> None:
    """Print the text, or write it to a file at once: all of it or nothing."""
    if not text.endswith("\n"):
        text += "\n"
    if out is None:
        typer.echo(text, nl=False)
        return
    if out.is_dir():
        raise UsageError(f"{out} is a folder\nhelp: give the name of a file in it")
    if out.exists() and not force:
        raise UsageError(f"{out} exists\nhelp: --force replaces it")
    from evaluators.files.replace_file import replace_file

    try:
        replace_file(out, text)
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror or error}") from None


def data_console() -> "Console":
    """The console for results: stdout."""
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PIPE_WIDTH)


def plain_table() -> "Table":
    """A table without lines: columns two spaces apart under a bold head."""
    from rich.table import Table

    return Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))


def duration(seconds: float) -> str:
    """`2:05` or `1:02:05`."""
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
