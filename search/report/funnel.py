"""The stages of the judging: the programs that each let through, and its cost.

free checks -> screen -> proxy -> fresh seeds -> the suites that the config names

A stage's `agreement` is Spearman's rank correlation of its scores with those of the next stage, on
the programs that both have judged.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from evaluators.evaluation import Outcome
from evaluators.statistics import rank_correlation
from search.ledger import Ledger, Row
from search.ledger.results import STAGES, FinalResult, Scores, StageResult, final_scores

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
    finals = ledger.finals
    fresh = final_scores(finals or (), len(ledger.tasks))
    best = ledger.best(max(len(finals or ()) - 1, 1))
    search: Scores = {row.candidate.number: score for row, score in best}
    stages = _search_stages(list(ledger.judged()), search, fresh)
    return stages if finals is None else stages + _late_stages(finals, fresh, ledger.validation)


def _search_stages(judged: Sequence[Row], best: Scores, fresh: Scores) -> list[Stage]:
    """Free checks, screen and proxy; `best` are search scores of the finalists, which `fresh`
    seeds repeat."""
    trained = [row for row in judged if _steps(row)[0]]
    whole = [row for row in trained if row.verdict.outcome != Outcome.SCREENED]
    sound = [row for row in whole if row.verdict.outcome == Outcome.OK]
    early: Scores = {
        row.candidate.number: value for row in sound if (value := _early(row)) is not None
    }
    final: Scores = {row.candidate.number: row.verdict.score or 0.0 for row in sound}
    return [
        Stage(
            name="free checks",
            entered=len(judged),
            passed=len(trained),
            steps=0,
            refused=_reasons(row for row in judged if not _steps(row)[0]),
        ),
        Stage(
            name="screen",
            entered=len(trained),
            passed=len(whole),
            steps=sum(_steps(row)[0] for row in trained),
            refused=_reasons(row for row in trained if row.verdict.outcome == Outcome.SCREENED),
            agreement=_agreement(early, final),
        ),
        Stage(
            name="proxy",
            entered=len(whole),
            passed=len(sound),
            steps=sum(_steps(row)[1] for row in whole),
            refused=_reasons(row for row in whole if row.verdict.outcome != Outcome.OK),
            agreement=_agreement(best, fresh),
        ),
    ]


def _late_stages(
    finals: Sequence[FinalResult], fresh: Scores, validation: Mapping[str, StageResult]
) -> list[Stage]:
    """Fresh seeds and the suites of other tasks, on which the baseline is no entrant."""
    paid = sum(sum(each.steps) for final in finals for each in final.measured)
    measured = [("fresh seeds", fresh, paid)]
    for name in STAGES:
        if name in validation:
            found = validation[name]
            paid = sum(sum(each.evaluation.steps) for each in found.entrants if each.evaluation)
            measured.append((name.replace("_", " "), found.scores(), paid))
    following = [scores for _, scores, _ in measured[1:]] + [{}]
    return [
        Stage(
            name=name,
            entered=_programs(scores),
            passed=_programs(after or scores),
            steps=steps,
            refused={},
            agreement=_agreement(scores, after),
        )
        for (name, scores, steps), after in zip(measured, following, strict=True)
    ]


def _steps(row: Row) -> tuple[int, int]:
    """Training steps before and after the first checkpoint."""
    return row.verdict.evaluation.steps if row.verdict.evaluation else (0, 0)


def _early(row: Row) -> float | None:
    """The score at the first checkpoint, the mean over the tasks; None without one."""
    early = row.verdict.evaluation.early() if row.verdict.evaluation else {}
    return fmean(early.values()) if early else None


def _reasons(rows: Iterable[Row]) -> dict[str, int]:
    """The number of rows by outcome."""
    return dict(sorted(Counter(row.verdict.outcome for row in rows).items()))


def _programs(scores: Scores) -> int:
    """The number of programs that were scored, without the baseline."""
    return sum(candidate is not None for candidate in scores)


def _agreement(first: Scores, second: Scores) -> float | None:
    """The rank correlation on the candidates that have both scores; None for a few."""
    both = [number for number in first if number is not None and number in second]
    if len(both) < _FEWEST:
        return None
    return rank_correlation([first[n] for n in both], [second[n] for n in both])
