"""`stepsmith suites`: the sets of tasks that rules are compared on."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from stepsmith.cli.rules import JsonOption


def suites(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Only these, by name or YAML file; those of Stepsmith by default."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the suites: sets of proxy tasks, and how many steps each is trained for.

    Example: stepsmith suites held_out
    """
    from evaluators import catalogue
    from evaluators.suites import load_suite
    from evaluators.suites import names as known

    found = [load_suite(name) for name in names or known()]
    if as_json:
        typer.echo(json.dumps([asdict(suite) for suite in found], indent=2))
        return
    from stepsmith.output import data_console, plain_table

    table = plain_table()
    for column in ("suite", "task", "steps", "what"):
        table.add_column(column, justify="right" if column == "steps" else "left")
    described = catalogue.entries()
    for suite in found:
        table.add_row(suite.name, "", "", suite.purpose)
        for task in suite.tasks:
            table.add_row("", task.name, str(task.steps), described[task.name].summary)
    data_console().print(table, markup=False)
