"""The worth of a task as a proxy, by the runs of known rules: what it tells apart, how it ranks.

Two rules are told apart if the mean difference of their scores, seed by seed, is more than twice
its standard error; of rules that are equal, one pair in fourteen would be, with six seeds.
"""

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean, pstdev, stdev

import numpy as np
from scipy.stats import rankdata

from evaluators import catalogue
from evaluators.catalogue import Proxy
from evaluators.measuring.ranking import RuleRuns
from evaluators.suites import load_suite

SUITE = "search"
LEAST = 5
"""Rules that ranks are compared on at least."""
_ERRORS = 2.0
_EQUAL = 1e-9
"""Scores that differ by less are equal: seeds may change nothing at all."""


def proxy_of(runs: Sequence[RuleRuns]) -> Proxy:
    """The worth of a task by the rules that were ranked on it."""
    return Proxy(
        scores={each.rule: round(each.score, 4) for each in sorted(runs, key=lambda r: r.rule)},
        told_apart=round(told_apart(runs, lambda each: each.scores), 4),
        early=round(told_apart(runs, lambda each: each.early), 4),
    )


def told_apart(runs: Sequence[RuleRuns], scores: Callable[[RuleRuns], Sequence[float]]) -> float:
    """The share of pairs of rules that differ by more than seeds do; rules that failed are left
    out. 0 if there are no pairs."""
    pairs = list(itertools.combinations([scores(each) for each in runs if each.sound], 2))
    return fmean(map(_differ, pairs)) if pairs else 0.0


def _differ(pair: tuple[Sequence[float], Sequence[float]]) -> bool:
    apart = [one - other for one, other in zip(*pair, strict=True)]
    error = stdev(apart) / math.sqrt(len(apart)) if len(apart) > 1 else 0.0
    return abs(fmean(apart)) > max(_ERRORS * error, _EQUAL)


def spread(runs: Sequence[RuleRuns]) -> float:
    """The standard deviation of scores between rules that did not fail."""
    scores = [each.score for each in runs if each.sound]
    return pstdev(scores) if scores else 0.0


def noise(runs: Sequence[RuleRuns]) -> float:
    """The standard deviation of a score between seeds, in the mean over rules."""
    variances = [stdev(each.scores) ** 2 for each in runs if each.sound and len(each.scores) > 1]
    return math.sqrt(fmean(variances)) if variances else 0.0


def suite_proxies() -> dict[str, Proxy]:
    """The worth of each task of the suite, by name."""
    entries = catalogue.entries()
    found = {choice.name: entries[choice.name].proxy for choice in load_suite(SUITE).tasks}
    return {name: proxy for name, proxy in found.items() if proxy is not None}


def suite_scores(without: str = "") -> dict[str, float]:
    """The mean score of each rule over the tasks of the suite, perhaps without one of them."""
    kept = [proxy.scores for name, proxy in suite_proxies().items() if name != without]
    rules = set.intersection(*(set(scores) for scores in kept)) if kept else set()
    return {rule: fmean(scores[rule] for scores in kept) for rule in sorted(rules)}


def agreement(scores: Mapping[str, float], others: Mapping[str, float]) -> float | None:
    """The rank correlation of two scores of rules, -1 to 1; None if they share fewer than `LEAST`
    rules, or one of them ranks none above another."""
    shared = sorted({*scores} & {*others})
    one, other = [scores[rule] for rule in shared], [others[rule] for rule in shared]
    if len(shared) < LEAST or len({*one}) < 2 or len({*other}) < 2:
        return None
    return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])


def suite_agreements() -> list[float]:
    """The agreement of each task of the suite with the others together, ascending."""
    found = [
        agreement(proxy.scores, suite_scores(without=name))
        for name, proxy in suite_proxies().items()
    ]
    return sorted(each for each in found if each is not None)
