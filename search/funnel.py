"""What every stage of the judging let through and cost, read from a ledger.

free checks -> screen -> proxy -> fresh seeds -> the suites that the config names

A stage's `agreement` is Spearman's rank correlation of its scores with those of the next stage, on
the programs that both have judged: how often the next one agrees.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from scipy.stats import spearmanr

from evaluators.evaluation import Outcome
from search.finals import finalists
from search.ledger import Ledger, Row

_FEWEST = 5
"""Programs below which no rank correlation is given."""


@dataclass(frozen=True)
class Stage:
    """One stage: how many programs came in and were let through, and why others were not.

    `steps` are training steps over all tasks, rates and seeds.
    """

    name: str
    entered: int
    passed: int
    steps: int
    refused: dict[str, int]
    agreement: float | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def funnel(ledger: Ledger) -> list[Stage]:
    """The stages of a campaign so far, in the order in which they are passed."""
    judged = [row for row in ledger.rows("WHERE source IS NULL ORDER BY number")]
    trained = [row for row in judged if row.verdict.evaluation and row.verdict.evaluation.steps[0]]
    whole = [row for row in trained if row.verdict.outcome != Outcome.SCREENED]
    sound = [row for row in whole if row.verdict.outcome == Outcome.OK]
    free = [row for row in judged if row not in trained]
    stages = [
        Stage("free checks", len(judged), len(trained), 0, _reasons(free)),
        Stage(
            "screen",
            len(trained),
            len(whole),
            sum(_steps(row)[0] for row in trained),
            _reasons([row for row in trained if row.verdict.outcome == Outcome.SCREENED]),
            _agreement([(_early(row), row.verdict.score) for row in sound]),
        ),
    ]
    final = finalists(ledger)
    scored = {row.number: row.verdict.score for row in ledger.best(len(final) + 1)}
    proxy = Stage(
        "proxy",
        len(whole),
        len(sound),
        sum(_steps(row)[1] for row in whole),
        _reasons([row for row in whole if row.verdict.outcome != Outcome.OK]),
        _agreement([(scored.get(number), worth) for number, worth in final.items()]),
    )
    return [*stages, proxy]


def _steps(row: Row) -> tuple[int, int]:
    assert row.verdict.evaluation is not None
    return row.verdict.evaluation.steps


def _early(row: Row) -> float | None:
    assert row.verdict.evaluation is not None
    early = row.verdict.evaluation.early()
    return fmean(early.values()) if early else None


def _reasons(rows: Sequence[Row]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        found[row.verdict.outcome] = found.get(row.verdict.outcome, 0) + 1
    return dict(sorted(found.items()))


def _agreement(pairs: Sequence[tuple[float | None, float | None]]) -> float | None:
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    if len(known) < _FEWEST:
        return None
    first, second = zip(*known, strict=True)
    if len(set(first)) == 1 or len(set(second)) == 1:
        return None
    value = float(spearmanr(first, second).statistic)
    return None if math.isnan(value) else value
