"""`stepsmith zoo`: the known optimizers."""

import json
import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stepsmith.cli.rules import JsonOption, UsageError

if TYPE_CHECKING:
    from dsl.program import Program
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

    from stepsmith.console import data_console

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in ("name", "group", "year", "memory", "oracle calls", "status", "idea"):
        table.add_column(column, no_wrap=column in ("name", "group", "year"))
    for entry in entries:
        facts = (entry.program.name, entry.group, str(entry.year), entry.state, entry.calls)
        table.add_row(*facts, entry.status, entry.idea)
    data_console().print(table)


def _facts(entry: "Entry") -> dict[str, Any]:
    from dsl.liveness import live

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
        "slots": {name: str(init.kind) for name, init in program.slots.items()},
        "statements": len(program.statements),
        "memory_per_parameter": entry.memory,
        "state": entry.state,
        "reads_gradient": "g" in live(program).names,
        "oracle_calls_per_step": entry.calls,
        "oracle_calls": calls_facts(program),
        "status": "unverified" if check.unverified else "verified",
        "checked_against": check.against,
        "agrees": check.agrees,
        "ranks": list(check.ranks),
        "unverified": check.unverified or None,
        "remarks": entry.remarks or None,
    }


def calls_facts(program: "Program") -> list[dict[str, Any]]:
    """What a program asks of the data, and on which part of its steps."""
    from dsl.calls import oracle_calls

    return [
        {
            "oracle": call.op,
            "cost": str(call.cost),
            "share_of_steps": {"least": call.least, "most": call.most},
        }
        for call in oracle_calls(program)
    ]


def _finite(value: float) -> float | None:
    """A bound for JSON, which has no infinity."""
    return value if math.isfinite(value) else None
