"""`stepsmith tasks check`: a task of a user's own, held against faults and as a proxy."""

import json
from typing import Annotated

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import JsonOption


@command
def tasks__check(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A Python file with tasks of your own; a module.")
    ],
    rules: Annotated[
        str, typer.Option("--rules", help="Known rules to rank, comma-separated; 11 if not.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Check tasks of your own: their faults, what is known of them, and if they are good proxies.

    A task is run as a campaign would run it, and known rules are tuned on it. What is found is
    kept, and is what campaigns and comparisons go by. Exit status 1 for a task with a fault.

    Example: stepsmith tasks check my_task.py
    """
    from evaluators.training.environment import prepare_process

    prepare_process()
    from stepsmith.checking.check import check, rules_of, tasks_in
    from stepsmith.checking.output import print_report

    asked, reports = rules_of(rules), []
    for at, own in enumerate(tasks_in(file)):
        reports.append(check(own, asked))
        if not as_json:
            typer.echo("\n" if at else "", nl=False)
            print_report(reports[-1])
    if as_json:
        typer.echo(json.dumps([report.to_json() for report in reports], indent=2))
    if any(report.fault for report in reports):
        raise typer.Exit(1)
