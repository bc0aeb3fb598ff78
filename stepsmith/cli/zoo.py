"""`stepsmith zoo`: the known optimizers."""

import json
import math
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import JsonOption
from stepsmith.errors import UsageError

if TYPE_CHECKING:
    from dsl.program import Program
    from dsl.zoo.entry import ZooEntry


@command
def zoo(
    names: Annotated[
        list[str] | None, typer.Argument(help="All about these; a line for every rule by default.")
    ] = None,
    *,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="The page docs/zoo.md, all that is known.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List the known optimizers that every command takes as RULE.

    Memory counts numbers per parameter; oracle calls are what a step asks besides its gradient,
    where n is the number of parameters (the other letters: docs/zoo.md).

    Example: stepsmith zoo lion sophia_h
    """
    from stepsmith.pages.zoo import in_order
    from stepsmith.pages.zoo import zoo as its_page

    if markdown and (as_json or names):
        raise UsageError("--markdown is all of the zoo, and excludes --json and names")
    if markdown:
        typer.echo(its_page.text(), nl=False)
        return
    entries = [entry for _, found in in_order() for entry in found]
    chosen = _named(names, entries) if names else entries
    if as_json:
        typer.echo(json.dumps([_facts(entry) for entry in chosen], indent=2))
    elif names:
        _print_sheets(chosen)
    else:
        _print_table(chosen)


def _named(names: list[str], entries: "list[ZooEntry]") -> "list[ZooEntry]":
    from dsl.errors import did_you_mean, listed

    known = {entry.name: entry for entry in entries}
    for name in names:
        if name not in known:
            raise UsageError(
                f"unknown rule '{name}'{did_you_mean(name, known)}\n"
                f"help: {listed(name, known)}; `stepsmith zoo` lists all"
            )
    return [known[name] for name in names]


def _print_table(entries: "list[ZooEntry]") -> None:
    from stepsmith.table import print_table

    head = ("name", "group", "year", "memory", "oracle calls", "status", "idea")
    rows = [(e.name, e.group, str(e.year), e.state, e.calls, e.status, e.idea) for e in entries]
    print_table(head, rows, whole=head[:3])


def _print_sheets(entries: "list[ZooEntry]") -> None:
    """All that is known about each of them except its text, which `show` has."""
    from dsl.language.numbers import format_number
    from stepsmith.pages.zoo import interval
    from stepsmith.table import print_table

    for entry in entries:
        facts = {
            "paper": f"{entry.paper}, {entry.year}",
            "idea": entry.idea,
            "memory per parameter": entry.state,
            "oracle calls per step": entry.calls,
            "status": entry.status,
            "the check": entry.remarks,
        }
        hypers = [
            (name, format_number(value), interval(entry.hypers[name]), entry.hypers[name].meaning)
            for name, value in entry.program.hyperparameters.items()
        ]
        typer.echo(typer.style(f"{entry.name} ({entry.group})", bold=True))
        print_table(("", ""), [(word, fact) for word, fact in facts.items() if fact])
        if hypers:
            print_table(("hyperparameter", "default", "range", "meaning"), hypers)
        typer.echo()


def _facts(entry: "ZooEntry") -> dict[str, Any]:
    from dsl.rewrite.liveness import live

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
                "low": finite_or_none(entry.hypers[name].low),
                "high": finite_or_none(entry.hypers[name].high),
                "whole": entry.hypers[name].whole,
            }
            for name, value in program.hyperparameters.items()
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
    """The oracles that a program asks, and on which part of its steps."""
    from dsl.rewrite.oracle_calls import oracle_calls

    return [
        {
            "oracle": call.op,
            "cost": str(call.cost),
            "share_of_steps": {"least": call.least, "most": call.most},
        }
        for call in oracle_calls(program)
    ]


def finite_or_none(value: float) -> float | None:
    """A bound for JSON, which has no infinity."""
    return value if math.isfinite(value) else None
