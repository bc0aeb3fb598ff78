"""`stepsmith top`: the best programs of a run."""

import enum
import json
from typing import Annotated

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import CsvOption, JsonOption, RunArgument


class Order(enum.StrEnum):
    """The orders of a list."""

    SCORE = "score"
    SIZE = "size"
    MEMORY = "memory"
    COST = "cost"
    AGE = "age"


@command
def top(
    run: RunArgument,
    by: Annotated[
        Order,
        typer.Option(
            help="score, the highest first; size, memory or cost, the lowest first; age, the "
            "oldest first."
        ),
    ] = Order.SCORE,
    task: Annotated[
        str | None, typer.Option(metavar="NAME", help="The score is that on this task alone.")
    ] = None,
    family: Annotated[
        str | None,
        typer.Option(
            metavar="F", help="All programs of one family: its first digits, or a candidate (c186)."
        ),
    ] = None,
    every: Annotated[
        bool, typer.Option("--all", help="All programs, not only the best of each family.")
    ] = False,
    front: Annotated[
        bool,
        typer.Option(
            "--front",
            help="Only programs than which no other is better in score, memory, cost or size and "
            "as good in the rest.",
        ),
    ] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Programs to list.")] = 20,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """List programs of a run, running or not: by default the best of each family by score.

    A family are the programs of one skeleton, which differ in numbers alone. Score: tuned baseline
    1, untrained model 0, the mean over the seeds of the search; fresh seeds, which nothing was
    chosen by, are in `stepsmith status`. Memory and cost count numbers of state and operations per
    parameter, size statements. RUN:HASH is a RULE of every other command.

    Example: stepsmith top quickstart --by size --limit 10
    """
    from stepsmith.api.candidates import HEAD, rows
    from stepsmith.api.run import Run
    from stepsmith.table import check_one, print_csv, print_table

    check_one(as_json=as_json, as_csv=as_csv)
    found = Run(run).top(
        by=by.value, task=task, family=family, every=every, front=front, limit=limit
    )
    if as_json:
        typer.echo(json.dumps([each.to_json() for each in found], indent=2, allow_nan=False))
    elif as_csv:
        print_csv(HEAD, rows(found, whole=True))
    elif found:
        right = ("score", "times", "size", "memory", "cost")
        print_table(HEAD, rows(found), right=right, whole=HEAD[:-2], cut=("program",))
    else:
        typer.echo("No program was trained to the end yet.", err=True)
