"""Tables of text, for commands that start quickly: no lines, columns two spaces apart.

What a campaign or a comparison shows has styles and moves; that is Rich's (`stepsmith.output`).
"""

import csv
import io
import shutil
import sys
import textwrap
from collections.abc import Callable, Collection, Iterable, Sequence

import typer

from stepsmith.errors import UsageError

_LEAST_CUT = 20
"""Characters that a column whose cells are cut off gets at least."""
_GAP = "  "


def print_table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    right: Collection[str] = (),
    whole: Collection[str] = (),
    cut: Collection[str] = (),
) -> None:
    """Print rows of cells below a head in bold; a head of empty words is left out.

    Where the table is wider than the terminal its widest columns are narrowed, and their cells
    broken between words. Where stdout is no terminal, every row is one line.

    **Arguments:** `right`: columns that are flush right. `whole`: columns that are not narrowed.
    `cut`: columns whose cells are cut off, not broken.
    """
    rows = list(rows)
    columns = list(zip(head, *rows, strict=True))
    longest = [max(map(len, column)) for column in columns]
    least = [
        width
        if name in whole
        else min(width, _LEAST_CUT)
        if name in cut
        else max((len(word) for cell in column for word in cell.split()), default=0)
        for name, width, column in zip(head, longest, columns, strict=True)
    ]
    widths = _narrowed(longest, least)
    aligned = [str.rjust if name in right else str.ljust for name in head]
    if any(head):
        for line in _lines(head, widths, aligned):
            typer.echo(typer.style(line, bold=True))
    for row in rows:
        shown = [
            f"{cell[: width - 1]}…" if name in cut and len(cell) > width else cell
            for name, cell, width in zip(head, row, widths, strict=True)
        ]
        for line in _lines(shown, widths, aligned):
            typer.echo(line)


def print_csv(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print comma-separated values with a head, one row a line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows([cell.replace("\n", " ") for cell in row] for row in rows)
    typer.echo(text.getvalue(), nl=False)


def check_one(*, as_json: bool, as_csv: bool) -> None:
    """UsageError if a table is wanted in two forms at once."""
    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other")


def _narrowed(longest: Sequence[int], least: Sequence[int]) -> list[int]:
    """Widths that fit into the terminal if they can, of columns that may not be narrower than
    `least`."""
    widths = list(longest)
    if not sys.stdout.isatty():
        return widths
    room = shutil.get_terminal_size().columns - len(_GAP) * (len(widths) - 1)
    while sum(widths) > room and widths != list(least):
        wider = [at for at, width in enumerate(widths) if width > least[at]]
        widths[max(wider, key=lambda at: widths[at])] -= 1
    return widths


def _lines(
    row: Sequence[str], widths: Sequence[int], aligned: Sequence[Callable[[str, int], str]]
) -> Iterable[str]:
    cells = [
        textwrap.wrap(cell, width, break_long_words=False) if len(cell) > width else [cell]
        for cell, width in zip(row, widths, strict=True)
    ]
    for at in range(max(map(len, cells))):
        parts = [cell[at] if at < len(cell) else "" for cell in cells]
        padded = zip(aligned, parts, widths, strict=True)
        yield _GAP.join(align(part, width) for align, part, width in padded).rstrip()
