"""`stepsmith compare`: rules against tuned baselines on tasks that none of them was made on."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stepsmith.cli.rules import ForceOption, JsonOption, UsageError, put, resolve

if TYPE_CHECKING:
    from evaluators.comparison.protocol import SuiteLike

_FIGURE, _DATA = "comparison.svg", "comparison.json"


def compare(
    rules: Annotated[
        list[str],
        typer.Argument(metavar="RULE...", help="Names of the zoo, .rule files, RUN:HASH."),
    ],
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
    as_json: JsonOption = False,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="DIR", help="Write the figure and the data here."),
    ] = None,
    force: ForceOption = False,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Neither use nor keep earlier runs.")
    ] = False,
) -> None:
    """Compare rules with tuned baselines, on fresh seeds, with intervals and a verdict.

    Rate and weight decay of every rule and baseline are tuned on each task, on a grid that grows
    until its best point is interior. The last lines are the verdicts: a rule *beats* the best
    tuned baseline, *matches* it, is *specialised to* some tasks, or is *not supported*. Runs are
    kept in ~/.cache/stepsmith/compared and found again as long as nothing that decides them
    changes. The figure holds performance profiles and training curves.

    Example: stepsmith compare mine.rule lion --suite held_out --out comparison
    """
    from search.environment import prepare_process

    prepare_process()
    programs = [resolve(rule) for rule in rules]
    against = _baselines(baselines)
    chosen = _suite(suite, tasks)
    _check_folder(out, force=force)

    from rich.console import Console

    from evaluators.comparison.cache import RunCache, default_folder
    from evaluators.comparison.protocol import compare as run
    from evaluators.comparison.ranking import report, verdicts
    from stepsmith.comparison.view import comparing, tables
    from stepsmith.console import data_console

    chatter = Console(stderr=True, highlight=False)
    with comparing(chatter) as observe:
        result = run(
            programs,
            chosen,
            baselines=against,
            seeds=seeds,
            looked_at=looked_at,
            kept=RunCache(None if no_cache else default_folder()),
            observe=observe,
        )
    data = json.dumps(report(result), indent=2, allow_nan=False)
    if out is not None:
        from stepsmith.comparison.figure import figure

        out.mkdir(parents=True, exist_ok=True)
        put(figure(result), out / _FIGURE, force=force)
        put(data, out / _DATA, force=force)
        chatter.print(f"Written: {out / _FIGURE} and {_DATA} beside it", markup=False)
    if as_json:
        typer.echo(data)
    else:
        data_console().print(tables(result))
        typer.echo()
        for verdict in verdicts(result):
            typer.echo(verdict.sentence)


def _suite(name: str, only: str) -> "SuiteLike":
    """The suite of that name or file, with those of its tasks that are named; all if none is."""
    from evaluators.comparison.protocol import subset
    from evaluators.suites import load_suite

    found = load_suite(name)
    return subset(found.name, found.tasks, _words(only))


def _baselines(text: str) -> tuple[str, ...]:
    from dsl.errors import did_you_mean
    from dsl.zoo import ZOO
    from evaluators.comparison.bench import BASELINES

    chosen = tuple(_words(text)) or BASELINES
    for name in chosen:
        if name not in ZOO:
            raise UsageError(
                f"--baselines: unknown rule '{name}'{did_you_mean(name, ZOO)}\n"
                "help: `stepsmith zoo` lists what can be a baseline"
            )
    return chosen


def _words(text: str) -> list[str]:
    return [word for part in text.split(",") if (word := part.strip())]


def _check_folder(out: Path | None, *, force: bool) -> None:
    """Refuse what could not be written in the end, before the work."""
    if out is None:
        return
    for file in (out / _FIGURE, out / _DATA):
        if file.exists() and not force:
            raise UsageError(f"{file} exists\nhelp: --force replaces it")
    base = next(path for path in (out, *out.absolute().parents) if path.exists())
    if not base.is_dir():
        raise UsageError(f"cannot write to {out}: {base} is not a folder")
    if not os.access(base, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write to {out}: no permission in {base}")
