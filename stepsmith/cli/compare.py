"""`stepsmith compare`: rules against tuned baselines on tasks that none of them was made on."""

import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stepsmith.cli.command import command
from stepsmith.cli.rules import RULE_FORMS, ForceOption, JsonOption, resolve
from stepsmith.errors import UsageError

if TYPE_CHECKING:
    from evaluators.comparison.protocol import SuiteLike


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
    against = _baselines(baselines)
    chosen = _suite(suite, tasks)

    from rich.console import Console

    from evaluators.comparison.protocol import compare as run
    from evaluators.comparison.ranking import ranked
    from evaluators.files.result_cache import default_folder
    from stepsmith.comparing.figure import figure
    from stepsmith.comparing.output import DATA, FIGURE, check_writable, write
    from stepsmith.comparing.progress import comparing
    from stepsmith.comparing.view import tables
    from stepsmith.comparing.workers import comparison_workers
    from stepsmith.output import data_console

    check_writable(out, force=force)
    chatter = Console(stderr=True, highlight=False)

    def say(sentence: str) -> None:
        chatter.print(sentence, markup=False, soft_wrap=True)

    try:
        with (
            comparison_workers(workers) as open_pool,
            comparing(chatter, chosen.name, seeds, workers) as see,
        ):
            result = run(
                programs,
                chosen,
                baselines=against,
                seeds=seeds,
                looked_at=looked_at,
                folder=None if no_cache else default_folder("compared"),
                observe=see,
                say=say,
                open_pool=open_pool,
            )
    except KeyboardInterrupt:
        say(_interrupted(kept=not no_cache))
        raise typer.Exit(130) from None
    ranking = ranked(result)
    data = json.dumps(ranking.to_json(), indent=2, allow_nan=False)
    folder = write(figure(result), data, chosen.name, out, force=force)
    if as_json:
        typer.echo(data)
    else:
        data_console().print(tables(ranking))
        typer.echo()
        for verdict in ranking.verdicts:
            typer.echo(verdict.sentence)
    say(f"Written: {folder / FIGURE}, and {DATA} beside it")


def _suite(name: str, only: str) -> "SuiteLike":
    """The suite of that name or file with the tasks named in `only`, or all if that is empty."""
    from evaluators.comparison.protocol import subset
    from evaluators.suites import load_suite

    found = load_suite(name)
    return subset(found.name, found.tasks, _words(only))


def _baselines(text: str) -> tuple[str, ...]:
    from dsl.errors import did_you_mean, listed
    from dsl.zoo import ZOO
    from evaluators.comparison.entrants import BASELINES

    chosen = tuple(_words(text)) or BASELINES
    for name in chosen:
        if name not in ZOO:
            raise UsageError(
                f"--baselines: unknown rule '{name}'{did_you_mean(name, ZOO)}\n"
                f"help: {listed(name, ZOO)}; `stepsmith zoo` lists what can be a baseline"
            )
    return chosen


def _words(text: str) -> list[str]:
    return [word for part in text.split(",") if (word := part.strip())]


def _interrupted(*, kept: bool) -> str:
    if not kept:
        return "Interrupted. Nothing is kept, as --no-cache said."
    command = shlex.join(["stepsmith", *sys.argv[1:]])
    return f"Interrupted. Every rule that was done on a task is kept; to go on:\n  {command}"
