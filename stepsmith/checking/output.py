"""A report on a user's own task as text."""

import textwrap
from typing import TYPE_CHECKING

import typer

from stepsmith.checking.check import TaskReport
from stepsmith.table import print_table

if TYPE_CHECKING:
    from evaluators.catalogue import TaskEntry

_WIDTH = 96


def print_report(report: TaskReport) -> None:
    """Print a report: the fault, or the verdict with its reasons, facts and the rules."""
    if report.fault is not None:
        typer.echo(f"{report.own.task.name} cannot be trained:\n{report.fault}")
        return
    verdict, measured, sound = report.verdict, report.measured, report.soundness
    assert verdict is not None and measured is not None and sound is not None
    entry = measured.entry
    typer.echo(typer.style(f"{entry.name}: a {verdict.word} proxy", bold=True))
    for reason in verdict.reasons:
        typer.echo(_point(reason))
    for remark in verdict.remarks:
        typer.echo(_point(f"Note: {remark}"))
    curvature = "can be asked" if sound.twice else "cannot be asked"
    seconds = (
        f"{1e3 * sound.gradient_seconds:.2g} ms a gradient, {sound.compile_seconds:.1f} s to "
        "compile it"
    )
    typer.echo()
    print_table(("", ""), [*facts_of(entry), ("time", seconds), ("curvature", curvature)])
    typer.echo()
    head = ("rule", "rate", "loss", "score", "+-", "")
    rows = []
    for each in measured.runs:
        rate = "-" if each.rate is None else f"{each.rate:.3g}"
        loss = f"{each.loss:.4g}" if each.sound else "-"
        spread = _spread(each.scores)
        rows.append(
            (
                each.rule,
                rate,
                loss,
                f"{each.score:.2f}",
                f"{spread:.2f}",
                "" if each.sound else each.outcome,
            )
        )
    print_table(head, rows, right={"rate", "loss", "score", "+-"})
    typer.echo("score: AdamW at the rate that serves it best is 1, untrained is 0; +-: over seeds")


def facts_of(entry: "TaskEntry") -> list[tuple[str, str]]:
    """The facts of a task, in words."""
    best = ", ".join(f"{name}={value:.4g}" for name, value in entry.best.constants.items())
    losses = f"{entry.untrained:.4g} untrained, {entry.best.loss:.4g} the best known, "
    return [
        ("what", entry.summary),
        ("data", f"{entry.dataset}, with the checksum {entry.checksum}"),
        ("model", f"{entry.model}, {entry.parameters:,} parameters"),
        ("horizon", f"{entry.horizon} steps of {entry.flops:.2g} operations a gradient"),
        ("loss", f"{losses}by {entry.best.rule} ({best})"),
        ("floor", f"{entry.floor:.4g}, {entry.floor_from}"),
    ]


def _point(text: str) -> str:
    return textwrap.fill(text, _WIDTH, initial_indent="  - ", subsequent_indent="    ")


def _spread(scores: tuple[float, ...]) -> float:
    from statistics import stdev

    return stdev(scores) if len(scores) > 1 else 0.0
