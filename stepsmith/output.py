"""Output of commands: text on stdout or in a file, and the look of tables that Rich draws.

Rich is imported by the functions that need it: commands that print text start without it.
"""

import os
import tempfile
from collections.abc import Mapping
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
    check_new(out, force=force)
    from evaluators.files.replace_file import replace_file

    try:
        replace_file(out, text)
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror or error}") from None


def check_new(out: Path | None, *, force: bool) -> None:
    """UsageError for a file that `put` would refuse to write."""
    if out is None:
        return
    if out.is_dir():
        raise UsageError(f"{out} is a folder\nhelp: give the name of a file in it")
    if out.exists() and not force:
        raise UsageError(f"{out} exists\nhelp: --force replaces it")


def put_all(texts: Mapping[str, str], folder: Path, *, force: bool) -> None:
    """Write texts to files of a folder by their names: all of them or none.

    **Raises:** UsageError if one exists and may not be replaced, or the folder cannot be written.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file\nhelp: give the name of a folder with --out")
    there = [name for name in texts if (folder / name).exists()]
    if there and not force:
        raise UsageError(f"{folder} holds {', '.join(there)}\nhelp: --force replaces what is there")
    from evaluators.files.replace_file import replace_file

    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}.") as made:
            for name, text in texts.items():
                replace_file(Path(made) / name, text)
            folder.mkdir(exist_ok=True)
            for name in texts:
                os.replace(Path(made) / name, folder / name)
    except OSError as error:
        raise UsageError(f"cannot write {folder}: {error.strerror or error}") from None


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
