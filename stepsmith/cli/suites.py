"""`stepsmith suites`: the sets of tasks that rules are compared on."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import JsonOption


@command
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
    from evaluators import registry
    from evaluators.suites import load_suite
    from evaluators.suites import names as known

    found = [load_suite(name) for name in names or known()]
    if as_json:
        typer.echo(json.dumps([asdict(suite) for suite in found], indent=2))
        return
    from stepsmith.table import print_table

    rows = []
    for suite in found:
        rows.append((suite.name, "", "", suite.purpose))
        for task in suite.tasks:
            what = registry.summary(task.name)
            rows.append(("", task.name, str(task.steps), what))
    print_table(("suite", "task", "steps", "what"), rows, right=["steps"])
