"""The tables of a comparison for the console: rules, tasks won, and notes."""

import math
from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from dsl.errors import counted
from evaluators.comparison.ranking import Ranking, Standing
from evaluators.comparison.results import SCALE
from stepsmith.output import plain_table


def tables(ranking: Ranking) -> Group:
    """The table of rules, that of tasks won, and notes; the verdicts belong below."""
    comparison, rows = ranking.comparison, ranking.standings
    ground = (
        f"{counted(len(comparison.tasks), 'task')}, {counted(len(comparison.seeds), 'fresh seed')}"
    )
    return Group(
        Text(f"{comparison.suite}: {ground}", style="bold"),
        _rules(rows),
        Text(
            f"-> what is compared; score: tuned {SCALE} is 1, untrained is 0, with 95% interval; "
            f"steps, wall: to {SCALE}'s final loss, {SCALE} is 1; reached: runs that get there; "
            "rates: decades within 0.1 of the best score; memory: numbers per parameter; "
            "gradients: what a step asks of the data, in gradients",
            style="dim",
        ),
        Text("\nTasks won and lost against each tuned baseline", style="bold"),
        _won(rows),
        *(Text(note) for note in _notes(rows)),
        *(Text(warning, style="bold red") for warning in ranking.warnings),
    )


def _rules(rows: Sequence[Standing]) -> Table:
    table = _table(
        "", "rank", "rule", "score", "steps", "wall", "reached", "rates", "memory", "gradients"
    )
    for row in rows:
        low, mean, high = row.score
        score = f"{mean:.3f} {_ends(low, high)}"
        table.add_row(
            "->" if row.candidate else "",
            str(row.rank),
            row.name,
            score,
            f"{row.steps:.2f}x",
            "-" if row.wall is None else f"{row.wall:.2f}x",
            f"{100 * row.reached:.0f}%",
            "-" if row.window is None else f"{row.window:.1f}",
            str(row.memory),
            f"{row.gradients:.1f}",
        )
    return table


def _ends(low: float, high: float) -> str:
    return f"[{low:.3f}, {high:.3f}]" if math.isfinite(high - low) else "[no interval]"


def _won(rows: Sequence[Standing]) -> Table:
    baselines = [row.name for row in rows if not row.candidate]
    table = _table("", "rule", *baselines)
    for row in rows:
        cells = ["{}-{}".format(*row.won[name]) if name in row.won else "" for name in baselines]
        table.add_row("->" if row.candidate else "", row.name, *cells)
    return table


def _table(*columns: str) -> Table:
    table = plain_table()
    for column in columns:
        left = column in ("", "rule")
        table.add_column(column, justify="left" if left else "right", no_wrap=True)
    return table


def _notes(rows: Sequence[Standing]) -> list[str]:
    return [
        f"{row.name} failed in {counted(row.failed, 'run')}, which scores -1"
        for row in rows
        if row.failed
    ]
