"""`stepsmith zoo`: the known optimizers."""

import json
import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stepsmith.cli.rules import JsonOption, UsageError

if TYPE_CHECKING:
    from dsl.zoo.entry import Entry


def zoo(
    markdown: Annotated[
        bool, typer.Option("--markdown", help="The page docs/zoo.md, all that is known.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List the known optimizers that every command takes as RULE.

    Example: stepsmith zoo
    """
    from stepsmith.zoo_page import in_order, page

    if markdown and as_json:
        raise UsageError("--markdown and --json exclude each other")
    if markdown:
        typer.echo(page(), nl=False)
        return
    entries = [entry for _, found in in_order() for entry in found]
    if as_json:
        typer.echo(json.dumps([_facts(entry) for entry in entries], indent=2))
    else:
        _print_table(entries)


def _print_table(entries: "list[Entry]") -> None:
    from rich.table import Table

    from dsl.liveness import oracle_calls
    from stepsmith.console import data_console

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("name", "group", "year", "memory", "passes", "checked against", "idea"):
        number = column in ("year", "memory", "passes")
        wraps = column in ("idea", "checked against")
        table.add_column(column, justify="right" if number else "left", no_wrap=not wraps)
    for entry in entries:
        counts = (str(entry.year), str(entry.memory), str(oracle_calls(entry.program)))
        table.add_row(entry.program.name, entry.group, *counts, entry.status, entry.idea)
    data_console().print(table)


def _facts(entry: "Entry") -> dict[str, Any]:
    from dsl.liveness import oracle_calls

    program, check = entry.program, entry.reference
    return {
        "name": program.name,
        "group": entry.group,
        "paper": entry.paper,
        "year": entry.year,
        "idea": entry.idea,
        "hyperparameters": {
            name: {
                "default": value,
                "meaning": entry.hypers[name].meaning,
                "low": entry.hypers[name].low,
                "high": _finite(entry.hypers[name].high),
            }
            for name, value in program.hypers
        },
        "slots": list(program.slots),
        "statements": len(program.statements),
        "memory_per_parameter": entry.memory,
        "oracle_calls": oracle_calls(program),
        "checked_against": check.against,
        "agrees": check.agrees,
        "unverified": check.unverified or None,
    }


def _finite(value: float) -> float | None:
    """A bound for JSON, which has no infinity."""
    return value if math.isfinite(value) else None
