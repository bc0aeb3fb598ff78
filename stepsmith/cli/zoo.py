"""`stepsmith zoo`: the known optimizers."""

import json
from typing import Any

import typer

from stepsmith.cli.rules import JsonOption


def zoo(as_json: JsonOption = False) -> None:
    """List the known optimizers that every command takes as RULE.

    Example: stepsmith zoo
    """
    from dsl.liveness import oracle_calls
    from dsl.zoo import ENTRIES

    found: list[dict[str, Any]] = [
        {
            "name": name,
            "paper": entry.paper,
            "year": entry.year,
            "slots": list(entry.program.slots),
            "statements": len(entry.program.statements),
            "oracle_calls": oracle_calls(entry.program),
        }
        for name, entry in sorted(ENTRIES.items())
    ]
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    from rich.table import Table

    from stepsmith.console import data_console

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("name", "year", "slots", "statements", "oracles", "paper"):
        number = column in ("year", "statements", "oracles")
        table.add_column(column, justify="right" if number else "left", no_wrap=column != "paper")
    for rule in found:
        counts = (str(rule["statements"]), str(rule["oracle_calls"]))
        slots = " ".join(rule["slots"])
        table.add_row(rule["name"], str(rule["year"]), slots, *counts, rule["paper"])
    data_console().print(table)
