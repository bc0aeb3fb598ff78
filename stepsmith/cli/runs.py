"""`stepsmith runs`: the campaigns in a folder."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from stepsmith.cli.command import command


@command
def runs(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of runs.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List campaigns and how far they are.

    Example: stepsmith runs
    """
    from search.errors import NoSuchRun, PluginMissing, SearchError
    from search.ledger import runs_in
    from search.report.status import read_status

    if not folder.is_dir() and folder != Path("runs"):
        raise NoSuchRun(f"{folder} is not a folder", help="give a folder that holds runs")
    found: list[dict[str, Any]] = []
    for run in runs_in(folder):
        try:
            found.append(read_status(run, known_as=as_json))
        except SearchError as error:
            state = "lacks a plug-in" if isinstance(error, PluginMissing) else "unreadable"
            told = ", ".join(part for part in (error.message, error.help) if part)
            found.append({"folder": str(run), "state": state, "error": told})
    if as_json:
        typer.echo(json.dumps(found, indent=2, allow_nan=False))
    elif found:
        _print_table(found)
    else:
        typer.echo(
            f"No runs in {folder}; start one with stepsmith discover configs/quickstart.yaml",
            err=True,
        )


def _print_table(found: list[dict[str, Any]]) -> None:
    from stepsmith.table import print_table

    head = ("run", "state", "programs", "cached", "best in search", "winner")
    print_table(head, map(_row, found), right=head[2:5], whole=head[:-1])


def _row(status: dict[str, Any]) -> tuple[str, ...]:
    if "error" in status:
        return status["folder"], status["state"], "", "", "", status["error"]
    winner, best = status["winner"], status["best_search_score"]
    return (
        status["folder"],
        status["state"],
        f"{status['programs']}/{status['budget']}",
        f"{100 * status['cache_hits'] / max(status['programs'], 1):.0f}%",
        "" if best is None else f"{best:.4f}",
        f"{winner['score']:.4f} +- {winner['sd']:.4f}  {winner['hash']}" if winner else "",
    )
