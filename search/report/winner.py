"""The files of the winner: program text with its evidence, and sources for the hosts."""

import textwrap
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from dsl.errors import ExportError, counted
from dsl.export import HOSTS
from dsl.export.host import Host
from dsl.program import Program
from evaluators.files.replace_file import replace_file
from evaluators.suites import TaskChoice
from search.ledger import WINNER
from search.report.hall_entry import HallEntry
from search.report.hall_of_fame import HallOfFame
from search.report.transfer import HEADING

_DOC_WIDTH = 90
"""Characters of a line in the winner's docstring."""


def has_winner(folder: Path) -> bool:
    """True if all files of the winner are there."""
    return all((folder / name).exists() for name in (WINNER, *map(_file_of, HOSTS.values())))


def write_winner(
    folder: Path, campaign: str, tasks: Sequence[TaskChoice], hall: HallOfFame, content: str
) -> tuple[str, ...]:
    """Write the files of the winner.

    **Arguments:** `tasks`: those of the search; `content`: the content hash of the ledger.
    **Returns:** for each host that cannot express the winner, why its file is missing.
    """
    winner = named(campaign, tasks, hall, content)
    replace_file(folder / WINNER, f"{winner}\n")
    headline, _, evidence = winner.doc.partition("\n\n")
    exported = replace(winner, doc=headline)
    missing: list[str] = []
    for host in HOSTS.values():
        name = _file_of(host)
        try:
            replace_file(folder / name, host.to_source(exported, evidence=evidence))
        except ExportError as error:
            (folder / name).unlink(missing_ok=True)
            missing.append(f"{name}: {error.message}")
    return tuple(missing)


def _file_of(host: Host) -> str:
    return f"winner{host.suffix}"


def named(
    campaign: str,
    tasks: Sequence[TaskChoice],
    hall: HallOfFame,
    content: str,
    entry: HallEntry | None = None,
) -> Program:
    """The winner, or another entry, under the campaign's name, with its evidence as docstring."""
    winner = entry or hall.winner
    where = ", ".join(f"{task.name} ({task.steps} steps)" for task in tasks)
    origin = "the tuned baseline" if winner.candidate is None else f"candidate {winner.candidate}"
    lines = [
        f"Found by the campaign {campaign}, {origin}.",
        "",
        f"Score {winner.mean:.4f} +- {winner.sd:.4f} over {len(winner.scores)} fresh seeds on",
        *textwrap.wrap(f"{where};", _DOC_WIDTH),
        f"tuned {hall.rule} is 1, untrained is 0. Program {winner.hash}, ledger {content[:16]}.",
        f"In terms of known rules: {winner.known_as}.",
    ]
    if hall.spared:
        asked = winner.demands
        state = f"{counted(asked.memory, 'number')} of state"
        lines.append(f"It asks for {state} and {asked.cost:.4g} operations per parameter.")
    if winner.reduction:
        told = f"{winner.reduction[0].upper()}{winner.reduction[1:]}."
        lines += textwrap.wrap(told, _DOC_WIDTH)
    if hall.transfers and winner is hall.winner:
        lines += ["", HEADING, *(each.sentence for each in hall.transfers)]
    return replace(winner.program, name=campaign, doc="\n".join(lines))
