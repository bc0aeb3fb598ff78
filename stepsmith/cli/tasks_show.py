"""`stepsmith tasks show`: all that is known of a proxy task."""

import json
from typing import Annotated

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import JsonOption


@command
def tasks__show(
    name: Annotated[str, typer.Argument(metavar="TASK", help="The name of a task.")],
    as_json: JsonOption = False,
) -> None:
    """Show what is known of a proxy task: data, model, losses, and how known rules do on it.

    A task of your own is measured for it, unless it was before.

    Example: stepsmith tasks show digits
    """
    from evaluators import registry

    registry.check(name)
    entry, mine = registry.entry(name), registry.own(name)
    place = f"{mine.source.origin.file}:{mine.source.origin.line}" if mine else None
    if as_json:
        typer.echo(json.dumps({"name": name, "place": place, **entry.to_json()}, indent=2))
        return
    from stepsmith.checking.output import facts_of
    from stepsmith.table import print_table

    facts = facts_of(entry)
    if place:
        facts.append(("file", place))
    if entry.proxy:
        ordered = sorted(entry.proxy.scores.items(), key=lambda each: (-each[1], each[0]))
        facts.append(("scores", ", ".join(f"{rule} {score:.2f}" for rule, score in ordered)))
        facts.append(("tells apart", f"{100 * entry.proxy.told_apart:.0f}% of pairs of these"))
    typer.echo(typer.style(name, bold=True))
    print_table(("", ""), facts)
