"""Doubts about a comparison with a baseline: what makes a score of 1 stand for too little.

A baseline that learns nothing or too little, a tuning that ended where it began or at its outermost
rate, a score at its cap. Each is a warning; one that concerns half of the tasks or more forbids any
claim. A winner that asks for more than it may is a warning too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from dsl.rewrite.demands import Demands
from evaluators.doubts import capped, forbids, on_tasks
from evaluators.score import BEST
from search.ledger import Ledger
from search.ledger.results import FinalResult, TunedBaseline
from search.objectives import within

_LEARNT = 0.25
"""The least score of a baseline that has learnt something: on the seeds of its tuning it is 1."""


@dataclass(frozen=True)
class Doubts:
    """Sentences without a full stop: all `warnings`, and those for which no claim is made."""

    warnings: tuple[str, ...] = ()
    grave: tuple[str, ...] = ()


def doubts(
    baseline: TunedBaseline | None,
    finals: Sequence[FinalResult],
    winner: Mapping[str, float],
) -> Doubts:
    """The doubts about a winner beside the tuned baseline.

    **Arguments:** `baseline`: as it was tuned. `finals`: those on fresh seeds, the baseline's among
    them. `winner`: its mean score on each task.
    """
    warnings: list[str] = []
    grave: list[str] = []

    def add(sentence: str, on: Sequence[str], tasks: int) -> None:
        if on:
            warnings.append(on_tasks(sentence, on))
            if forbids(on, tasks):
                grave.append(warnings[-1])

    if baseline is not None:
        name = baseline.rule.name
        if baseline.doubt is not None:
            warnings.append(baseline.doubt)
            grave.append(baseline.doubt)
        else:
            sentence = f"the best rate of {name} is the outermost that was tried"
            add(sentence, baseline.outermost, len(baseline.rates))
            scores = by_task([each for each in finals if each.candidate is None])
            low = [task for task, score in scores.items() if score < _LEARNT]
            add(f"tuned {name} scores below {_LEARNT:g} on fresh seeds", low, len(scores))
    add(f"the winner's score is at its cap, {BEST:g},", capped(winner), len(winner))
    return Doubts(tuple(warnings), tuple(grave))


def doubts_of(ledger: Ledger, winner: int | None, reduced: bool) -> Doubts:
    """The doubts about the winner of a complete campaign; it is a candidate or what is left of one
    (`reduced`), None for the baseline."""
    finals = ledger.finals or ()
    won: Sequence[FinalResult] = ()
    if winner is not None and reduced:
        left = [each for each in ledger.reductions if each.candidate == winner]
        won = [each.final for each in left if each.final]
    elif winner is not None:
        won = [each for each in finals if each.candidate == winner]
    return doubts(ledger.baseline, finals, by_task(won))


def unmet(limits: Mapping[str, float], winner: Demands) -> tuple[str, ...]:
    """A sentence where the winner asks for more than `final.pick` allows: then no finalist does
    with that, since those that do come first."""
    if within(limits, winner):
        return ()
    wanted = ", ".join(f"{name} {limit:g}" for name, limit in limits.items())
    met = ", ".join(f"{name} {getattr(winner, name):.4g}" for name in limits)
    return (f"no finalist does with what final.pick allows, {wanted}; the winner has {met}",)


def by_task(finals: Sequence[FinalResult]) -> dict[str, float]:
    """The mean score of some finals on each task, over the seeds."""
    found: dict[str, list[float]] = {}
    for final in finals:
        for evaluation in final.measured:
            for task, score in evaluation.by_task().items():
                found.setdefault(task, []).append(score)
    return {task: fmean(scores) for task, scores in found.items()}
