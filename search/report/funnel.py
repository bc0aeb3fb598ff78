"""The stages of the judging: the programs that each let through, and its cost.

free checks -> screen -> proxy -> fresh seeds -> the suites that the config names

A stage's `agreement` is Spearman's rank correlation of its scores with those of the next stage, on
the programs that both have judged.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from evaluators.evaluation import Outcome
from evaluators.statistics import rank_correlation
from search.ledger import Ledger, summary
from search.ledger.reduction import Reduction
from search.ledger.results import STAGES, FinalResult, Scores, StageResult, final_scores
from search.ledger.summary import OutcomeCount

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
    stages = _search_stages(summary.judged(ledger), summary.screened_scores(ledger), search, fresh)
    if finals is None:
        return stages
    seeds, *suites = _late_stages(finals, fresh, ledger.validation)
    return [*stages, seeds, *_reduction(ledger.reductions), *suites]


def _search_stages(
    judged: Sequence[OutcomeCount], screened: tuple[Scores, Scores], best: Scores, fresh: Scores
) -> list[Stage]:
    """Free checks, screen and proxy.

    **Arguments:** `screened`: scores at the first checkpoint and at the end; `best`: search scores
    of the finalists, which `fresh` seeds repeat.
    """
    trained = [each for each in judged if each.trained]
    whole = [each for each in trained if each.outcome != Outcome.SCREENED]
    sound = [each for each in whole if each.outcome == Outcome.OK]
    return [
        Stage(
            name="free checks",
            entered=_count(judged),
            passed=_count(trained),
            steps=0,
            refused=_reasons(each for each in judged if not each.trained),
        ),
        Stage(
            name="screen",
            entered=_count(trained),
            passed=_count(whole),
            steps=sum(each.steps_before for each in trained),
            refused=_reasons(each for each in trained if each.outcome == Outcome.SCREENED),
            agreement=_agreement(*screened),
        ),
        Stage(
            name="proxy",
            entered=_count(whole),
            passed=_count(sound),
            steps=sum(each.steps_after for each in whole),
            refused=_reasons(each for each in whole if each.outcome != Outcome.OK),
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


def _count(judged: Iterable[OutcomeCount]) -> int:
    return sum(each.count for each in judged)


def _reduction(reductions: Sequence[Reduction]) -> list[Stage]:
    """The finalists from which something was to be taken away, and those where something was."""
    steps = sum(sum(each.training) for each in reductions)
    paid = sum(sum(part.steps) for each in reductions if each.final for part in each.final.measured)
    stage = Stage(
        name="reduction",
        entered=len(reductions),
        passed=sum(each.final is not None for each in reductions),
        steps=steps + paid,
        refused={},
    )
    return [stage] if reductions else []


def _reasons(judged: Iterable[OutcomeCount]) -> dict[str, int]:
    """The number of candidates by outcome."""
    return {each.outcome: each.count for each in judged}


def _programs(scores: Scores) -> int:
    """The number of programs that were scored, without the baseline."""
    return sum(candidate is not None for candidate in scores)


def _agreement(first: Scores, second: Scores) -> float | None:
    """The rank correlation on the candidates that have both scores; None for a few."""
    both = [number for number in first if number is not None and number in second]
    if len(both) < _FEWEST:
        return None
    return rank_correlation([first[n] for n in both], [second[n] for n in both])
