"""The choice of the winner: the smallest program that tests cannot tell from the best."""

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

import numpy as np

from dsl.rewrite.demands import demands
from dsl.simplifier import plain
from evaluators.statistics import evidence
from search.objectives import within
from search.reduction.fresh import FinalEntrant


class Contender(NamedTuple):
    """An entrant with its scores on all tasks, by seed: the same seeds for all."""

    entrant: FinalEntrant
    scores: tuple[float, ...]


def best_first(contenders: Sequence[Contender]) -> list[Contender]:
    """Contenders by mean score, the order kept among equals."""
    return sorted(contenders, key=lambda each: -fmean(each.scores))


def winner(contenders: Sequence[Contender], limits: Mapping[str, float]) -> FinalEntrant | None:
    """The smallest, in statements and slots, of those that a paired test over seeds cannot tell
    from the best one: the interval of their mean difference (`evaluators.statistics.evidence`)
    reaches 0. The better one of two of a size.

    The test is not corrected for the number of contenders: that would make more of them alike.
    **Arguments:** `limits`: of demands, by objective; those within them take part, all if none is.
    """
    able = [each for each in contenders if _able(each, limits)]
    ranked = best_first(able or contenders)
    alike = [each for each in ranked if _like(each, ranked[0])]
    return min(alike, key=lambda each: size(each.entrant)).entrant if alike else None


def able_first(contenders: Sequence[Contender], limits: Mapping[str, float]) -> list[Contender]:
    """Contenders by mean score, those within the limits before the others."""
    return sorted(best_first(contenders), key=lambda each: not _able(each, limits))


def _able(contender: Contender, limits: Mapping[str, float]) -> bool:
    return within(limits, demands(contender.entrant.program))


def size(entrant: FinalEntrant) -> int:
    """Statements and slots of the program as people read it."""
    program = plain(entrant.program)
    return len(program.statements) + len(program.slots)


def _like(contender: Contender, best: Contender) -> bool:
    if contender.scores == best.scores:
        return True
    return evidence(np.subtract(contender.scores, best.scores)[None]).difference.high >= 0
