"""The hall of fame as a table."""

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from search.report.hall_entry import HallEntry
from search.report.hall_of_fame import HallOfFame
from search.report.transfer import HEADING
from stepsmith.output import plain_table

_TERMINAL = 1000
"""Characters of a line that no terminal has: wider output is for another program, not cut."""
_LEAST_PROGRAM = 20
_KNOWN_AS = 14
_REDUCED = 4
_OTHER_COLUMNS = 42 + 2 * _KNOWN_AS
"""Characters of a line: those that a program and a name get at least, those that the size of a
reduced program takes more, and those of the columns besides the program."""


def hall_table(hall: HallOfFame, width: int) -> Group:
    """The finalists against the baseline, an arrow at the winner, and its program below.

    `width` is that of the console, in characters.
    """
    validated = hall.winner.validated is not None
    table = plain_table()
    table.add_column("")
    table.add_column("score", justify="right", no_wrap=True, min_width=16)
    if validated:
        table.add_column("unseen", justify="right", no_wrap=True)
    also = [name for name in hall.spared if name != "size"]
    for name in also:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("size", justify="right", min_width=4)
    table.add_column("hash", no_wrap=True, min_width=8)
    most = None if width > _TERMINAL else 2 * _KNOWN_AS
    table.add_column("known as", min_width=_KNOWN_AS, max_width=most)
    longer = _REDUCED if any(entry.reduced_from is not None for entry in hall.entries) else 0
    longer += sum(len(name) + 2 for name in also)
    room = max(width - _OTHER_COLUMNS - longer, _LEAST_PROGRAM)
    table.add_column("program", overflow="ellipsis", no_wrap=True, max_width=room)
    for place, entry in enumerate(hall.entries):
        mark = "->" if place == 0 else "*" if entry.pareto else ""
        _add(table, mark, entry, validated, also)
    _add(table, "=", hall.baseline, validated, also, f"tuned {hall.rule}: ")
    code = [f"  {line}".rstrip() for line in str(hall.winner.program).splitlines()]
    return Group(
        Text("Hall of fame", style="bold"),
        table,
        Text(_legend(hall), style="dim"),
        Text("\n".join(["", *code, ""])),
        *(Text(warning, style="bold red") for warning in hall.warnings),
        Text("\n".join([hall.sentence, *_reduction(hall), *_unseen(hall)])),
    )


def _legend(hall: HallOfFame) -> str:
    seeds = len(hall.winner.scores)
    legend = (
        "-> the winner, the smallest in statements and slots that tests cannot tell from the best; "
        f"* {_front(hall)}; = the baseline; score: tuned {hall.rule} is 1, untrained is 0, "
        f"mean +- sd over {seeds} fresh seeds"
    )
    if hall.winner.validated is not None:
        legend += "; unseen: the same on the tasks of meta-validation, which choose the winner"
    if any(entry.reduced_from is not None for entry in hall.entries):
        legend += "; size: statements, `9 of 17` for what is left of a finalist that had 17"
    return legend + "; known as: in terms of the zoo, with the distance in behaviour"


def _front(hall: HallOfFame) -> str:
    """The meaning of the star, and the units of the other columns."""
    if not hall.spared:
        return "best for its size"
    axes = ", ".join(dict.fromkeys((*hall.spared, "size")))
    told = f"on the front: none is better in score or {axes} and as good in the rest"
    return f"{told}; memory: numbers of state per parameter; cost: operations per parameter"


def _reduction(hall: HallOfFame) -> list[str]:
    told = hall.winner.reduction
    return [f"{told[0].upper()}{told[1:]}."] if told else []


def _unseen(hall: HallOfFame) -> list[str]:
    lines = [f"  {each.sentence}" for each in hall.transfers]
    return ["", HEADING, *lines] if lines else []


def _add(
    table: Table,
    mark: str,
    entry: HallEntry,
    validated: bool,
    also: Sequence[str],
    before: str = "",
) -> None:
    scores = [f"{entry.mean:.4f} +- {entry.sd:.4f}"]
    if validated:
        scores.append("" if entry.validated is None else f"{entry.validated:.4f}")
    scores += [f"{getattr(entry.demands, name):.4g}" for name in also]
    body = entry.program.line
    known_as = "" if before else entry.known_as
    size = str(entry.size)
    if entry.reduced_from is not None:
        size += f" of {len(entry.reduced_from.statements)}"
    cells = (size, entry.hash[:8], Text(known_as), Text(before + body))
    table.add_row(mark, *scores, *cells)
