"""`stepsmith compare`: rules against tuned baselines on tasks that none of them was made on."""

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import RULE_FORMS, ForceOption, JsonOption, resolve


@command
def compare(
    rules: Annotated[list[str], typer.Argument(metavar="RULE...", help=RULE_FORMS)],
    suite: Annotated[
        str, typer.Option(metavar="SUITE", help="Tasks to compare on: a suite's name or file.")
    ] = "held_out",
    tasks: Annotated[
        str, typer.Option(metavar="NAME,...", help="Only these tasks of the suite.")
    ] = "",
    baselines: Annotated[
        str, typer.Option(metavar="NAME,...", help="Rules of the zoo to compare with, and adamw.")
    ] = "",
    seeds: Annotated[int, typer.Option(min=2, max=1000, help="Fresh seeds per task.")] = 10,
    looked_at: Annotated[
        int | None,
        typer.Option(
            "--looked-at", metavar="N", help="Rules tried on these tasks so far, these included."
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=0, max=1024, help="Processes to work in (Ray); 0 is this one alone.")
    ] = 0,
    as_json: JsonOption = False,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            "-o",
            metavar="DIR",
            help="Folder of the figure and the data; by default a new one in runs/compare/.",
        ),
    ] = None,
    force: ForceOption = False,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Neither use nor keep earlier runs.")
    ] = False,
) -> None:
    """Compare rules with tuned baselines, on fresh seeds, with intervals and a verdict.

    Rate and weight decay of every rule and baseline are tuned on each task, by the score, on a grid
    that grows until its best point is interior. The last lines are the verdicts: a rule *beats* the
    best tuned baseline, *matches* it, is *specialised to* some tasks, or is *not supported*. The
    figure (comparison.svg) holds performance profiles and training curves; beside it lies all of it
    as data (comparison.json). Ctrl-C is safe: what is done is kept in ~/.cache/stepsmith/compared,
    and found again as long as nothing that decides it changes.

    Example: stepsmith compare mine.rule lion --suite held_out --out comparison
    """
    from evaluators.training.environment import prepare_process

    prepare_process()
    programs = [resolve(rule) for rule in rules]

    from rich.console import Console

    from stepsmith.api.compare import as_text, known_baselines, ranked_in, tasks_of, write
    from stepsmith.comparing.output import DATA, FIGURE, check_writable
    from stepsmith.comparing.view import tables
    from stepsmith.output import data_console

    against = known_baselines(_words(baselines))
    chosen = tasks_of(suite, _words(tasks))
    check_writable(out, force=force)
    chatter = Console(stderr=True, highlight=False)
    try:
        ranking = ranked_in(
            *(programs, chosen, against, seeds, looked_at, workers),
            cache=not no_cache,
            chatter=chatter,
        )
    except KeyboardInterrupt:
        chatter.print(_interrupted(kept=not no_cache), markup=False, soft_wrap=True)
        raise typer.Exit(130) from None
    folder = write(ranking, chosen.name, out, force=force)
    if as_json:
        typer.echo(as_text(ranking))
    else:
        data_console().print(tables(ranking))
        typer.echo()
        for verdict in ranking.verdicts:
            typer.echo(verdict.sentence)
    written = f"Written: {folder / FIGURE}, and {DATA} beside it"
    chatter.print(written, markup=False, soft_wrap=True)


def _words(text: str) -> list[str]:
    return [word for part in text.split(",") if (word := part.strip())]


def _interrupted(*, kept: bool) -> str:
    if not kept:
        return "Interrupted. Nothing is kept, as --no-cache said."
    command = shlex.join(["stepsmith", *sys.argv[1:]])
    return f"Interrupted. Every rule that was done on a task is kept; to go on:\n  {command}"
