"""What every stage of the judging let through and cost, read from a ledger.

free checks -> screen -> proxy -> fresh seeds -> the suites that the config names

A stage's `agreement` is Spearman's rank correlation of its scores with those of the next stage, on
the programs that both have judged: how often the next one agrees.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

import numpy as np
from scipy.stats import rankdata

from evaluators.evaluation import Outcome
from search.campaign.finals import final_scores
from search.campaign.validation import STAGES as SUITES
from search.campaign.validation import scores
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
    finals = ledger.get("finals")
    tried = [final["candidate"] for final in finals or () if final["candidate"] is not None]
    fresh = final_scores(finals or [], len(ledger.get("config")["tasks"]))
    search = {row.number: row.verdict.score for row in ledger.best(max(len(tried), 1))}
    stages.append(
        Stage(
            "proxy",
            len(whole),
            len(sound),
            sum(_steps(row)[1] for row in whole),
            _reasons([row for row in whole if row.verdict.outcome != Outcome.OK]),
            _agreement([(search.get(number), fresh.get(number)) for number in tried]),
        )
    )
    if finals is None:
        return stages
    validation = ledger.get("validation") or {}
    measured = [("fresh seeds", fresh, _all_steps(finals))]
    for name in SUITES:
        if name in validation:
            rows = validation[name]["rows"]
            paid = sum(sum(row["evaluation"]["steps"]) for row in rows if row["evaluation"])
            measured.append((name.replace("_", " "), scores(validation[name]), paid))
    for place, (name, worth, steps) in enumerate(measured):
        following = measured[place + 1][1] if place + 1 < len(measured) else {}
        entered = [number for number in worth if number is not None]
        passed = [number for number in following if number is not None] if following else entered
        pairs = [(worth[number], following.get(number)) for number in entered]
        stages.append(Stage(name, len(entered), len(passed), steps, {}, _agreement(pairs)))
    return stages


def _all_steps(finals: Sequence[dict[str, Any]]) -> int:
    return sum(sum(part["steps"]) for final in finals for part in final["evaluations"] if part)


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
    return float(np.corrcoef(rankdata(first), rankdata(second))[0, 1])
