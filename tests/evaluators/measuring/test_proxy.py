"""The worth of a task as a proxy: which rules it tells apart, and how it ranks them."""

import pytest

from evaluators.catalogue import Best, TaskEntry
from evaluators.measuring import proxy
from evaluators.measuring.first_use import Measured
from evaluators.measuring.ranking import RANKED, SEEDS, RuleRuns
from evaluators.measuring.soundness import Soundness
from evaluators.measuring.verdict import judge
from evaluators.suites import load_suite

SOUND = Soundness("", True, None, 1e-3, 1.0, 10**6)


def runs(rule: str, *scores: float, loss: float = 0.5) -> RuleRuns:
    each = tuple(scores)
    return RuleRuns(rule, 0.1, "ok", (loss,) * len(each), each, each)


def measured(*found: RuleRuns, stretched: float | None = None, horizon: int = 100) -> Measured:
    best = Best(0.5, "adamw", {})
    facts = TaskEntry("t", "", "t", "t", horizon, 1, 1, 1.0, best, 0.0, "stated", None)
    entry = TaskEntry(**{**vars(facts), "proxy": proxy.proxy_of(found)})
    return Measured(entry, found, stretched, kept=False)


def test_rules_are_told_apart_by_more_than_their_seeds_differ():
    one, two = runs("a", 1.0, 1.2, 0.8, 1.1), runs("b", 1.1, 1.3, 0.9, 1.2)
    far = runs("c", 0.1, 0.9, 0.0, 0.2)
    noisy = runs("d", 0.2, 2.0, 0.1, 0.4)

    def share(*each: RuleRuns) -> float:
        return proxy.told_apart(each, lambda runs: runs.scores)

    assert share(one, two) == 1  # by little, but on every seed
    assert share(one, one) == 0 and share(one, noisy) == 0
    assert share(one, two, far, noisy) == pytest.approx(3 / 6)
    failed = RuleRuns("e", 0.1, "diverged", (None,), (-1.0,) * 4, (-1.0,) * 4)
    assert share(one, failed) == 0 and share(one) == 0


def test_ranks_agree_between_minus_one_and_one():
    scores = {"a": 1.0, "b": 0.5, "c": 0.2, "d": 0.1, "e": 0.0}
    turned = {name: -score for name, score in scores.items()}
    assert proxy.agreement(scores, {**scores, "f": 9.0}) == pytest.approx(1)
    assert proxy.agreement(scores, turned) == pytest.approx(-1)
    assert proxy.agreement(scores, {"a": 1, "b": 2}) is None
    assert proxy.agreement(scores, dict.fromkeys(scores, 1.0)) is None


def test_known_rules_are_ranked_on_every_task_of_the_suite_that_others_are_held_against():
    names = {choice.name for choice in load_suite(proxy.SUITE).tasks}
    found = proxy.suite_proxies()
    assert set(found) == names
    for each in found.values():
        assert set(each.scores) == set(RANKED)
        assert each.scores["adamw"] == pytest.approx(1, abs=0.02)
    assert set(proxy.suite_scores()) == set(RANKED)
    assert all(-1 <= each <= 1 for each in proxy.suite_agreements())


def said(*found: RuleRuns, **more) -> tuple[str, str]:
    verdict = judge(measured(*found, **more), SOUND)
    return verdict.word, " ".join(verdict.reasons)


ALIKE = [runs(rule, 1.0, 1.4, 0.6, 1.1, 0.9, 1.0) for rule in RANKED[:6]]
SPREAD = [
    runs(rule, *(1 - at / 10 + seed / 100 for seed in range(len(SEEDS))))
    for at, rule in enumerate(RANKED)
]


def test_a_task_that_tells_rules_apart_is_good():
    word, reasons = said(*SPREAD)
    assert word == "good"
    assert "Of the pairs of 11 known rules 100% differ" in reasons
    assert "two seeds, as in a campaign" in reasons and "is long enough" in reasons
    assert "the rank correlation is" in reasons


def test_one_that_does_not_is_poor_and_says_if_a_longer_horizon_would_help():
    word, reasons = said(*ALIKE, stretched=0.8)
    assert word == "poor" and "100 steps is too short: after 300 steps" in reasons
    word, reasons = said(*ALIKE, stretched=0.0)
    assert word == "poor" and "A longer horizon does not help" in reasons


def test_one_on_which_all_reach_the_floor_is_too_easy():
    word, reasons = said(*[runs(each.rule, *each.scores, loss=1e-5) for each in SPREAD])
    assert word == "poor" and "It is too easy: 11 of 11 rules end on the floor" in reasons


def test_one_on_which_seeds_change_nothing_needs_one():
    word, reasons = said(*[runs(rule, *[1 - at / 10] * 6) for at, rule in enumerate(RANKED[:5])])
    assert word == "good" and "one seed is enough" in reasons
