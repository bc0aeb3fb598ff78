"""Intervals cover, tests keep their level, and both agree with scipy and with hand-made numbers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy import stats

from evaluators.statistics import (
    ERROR,
    Interval,
    evidence,
    holm,
    interval,
    paired_test,
    rank_correlation,
    ranks,
)

NUMBERS = st.floats(-10, 10, allow_nan=False).map(lambda x: round(x, 6))
RESULTS = npst.arrays(float, st.tuples(st.integers(1, 5), st.integers(1, 4)), elements=NUMBERS)
P_VALUES = st.lists(st.floats(0, 1, allow_nan=False), min_size=1, max_size=8)


@given(RESULTS, st.floats(-3, 3), st.floats(0.25, 4))
def test_an_interval_moves_and_scales_with_the_results(results, shift, scale):
    first, moved = interval(results), interval(results * scale + shift)
    assert first.low <= first.estimate <= first.high
    assert moved == pytest.approx([end * scale + shift for end in first], abs=1e-9)


@given(RESULTS)
def test_more_confidence_is_a_wider_interval_and_the_same_results_give_the_same_one(results):
    narrow, wide = interval(results, 0.8), interval(results, 0.99)
    assert wide.low <= narrow.low and narrow.high <= wide.high
    assert interval(results, 0.8) == narrow


def test_an_interval_over_tasks_is_at_least_students_and_close_to_it():
    tasks = np.random.default_rng(0).normal(size=30)
    exact = stats.ttest_1samp(tasks, 0).confidence_interval(0.95)
    found = interval(np.repeat(tasks[:, None], 4, axis=1))
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), rel=0.05)


def test_one_task_is_judged_by_its_seeds_and_one_run_by_nothing():
    seeds = np.random.default_rng(1).normal(size=(1, 40))
    exact = stats.ttest_1samp(seeds[0], 0).confidence_interval(0.95)
    found = interval(seeds)
    assert (found.low, found.high) == pytest.approx((exact.low, exact.high), rel=0.05)
    assert interval(np.array([[0.5]])) == (-math.inf, 0.5, math.inf)


@pytest.mark.parametrize(("tasks", "task_sd"), [(3, 0.3), (8, 0.3), (8, 0.0), (24, 0.1)])
def test_intervals_cover_the_truth_as_often_as_they_say(tasks, task_sd):
    """Two hundred studies of skewed noise; 95% intervals may miss in 5%, by chance up to 9%."""
    draw, covered = np.random.default_rng(tasks), 0
    for _ in range(200):
        noise = draw.gamma(4.0, 0.5, (tasks, 5)) - 2.0
        low, _, high = interval(draw.normal(0, task_sd, (tasks, 1)) + 0.3 * noise)
        covered += low <= 0 <= high
    assert covered >= 182


def test_results_that_no_interval_can_be_made_of_are_refused():
    for bad in ([[]], [[1.0, math.nan]]):
        for judged in (interval, paired_test, evidence):
            with pytest.raises(ValueError, match="results"):
                judged(np.array(bad))


def test_the_paired_test_counts_sign_flips():
    # all of 2^3 sums of +-1 +-2 +-4 are distinct: only 7 is as large as 7, only -7 as small
    ahead, behind = np.array([[1.0, 2.0, 4.0]]), np.array([[-1.0, 2.0, 4.0]])
    assert paired_test(ahead, greater=True) == pytest.approx(1 / 8)
    assert paired_test(ahead) == pytest.approx(2 / 8)
    assert paired_test(behind, greater=True) == pytest.approx(2 / 8)
    assert paired_test(np.zeros((1, 3))) == 1.0 and paired_test(np.array([[3.0]])) == 1.0


def test_seeds_do_not_count_as_tasks():
    differences = np.random.default_rng(2).normal(0.5, 1, (6, 1)) * np.ones((1, 50))
    assert paired_test(differences) == paired_test(differences[:, :1])


@given(st.lists(NUMBERS, min_size=2, max_size=9))
def test_the_paired_test_is_symmetric_and_agrees_with_all_flips(values):
    array = np.asarray(values)
    flips = np.array(np.meshgrid(*[[-1, 1]] * len(array))).reshape(len(array), -1)
    sums = array @ flips
    at_least = np.mean(np.abs(sums) >= abs(array.sum()) - 1e-9)
    found = paired_test(array[:, None])
    assert found == pytest.approx(at_least)
    assert found == paired_test(array[None]) == pytest.approx(paired_test(-array[None]))


@given(P_VALUES, st.integers(0, 5))
def test_holm_only_raises_keeps_the_order_and_is_never_above_bonferroni(found, unseen):
    count = len(found) + unseen
    adjusted = holm(found, count)
    for p, raised in zip(found, adjusted, strict=True):
        assert p <= raised <= min(1, p * count) + 1e-12
    in_order = [adjusted[index] for index in np.argsort(found, kind="stable")]
    assert in_order == sorted(in_order)
    assert min(adjusted) == min(1.0, min(found) * count)


def test_holm_gives_the_textbook_numbers():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([0.01], 5) == pytest.approx((0.05,))
    with pytest.raises(ValueError, match="2 p-values, but only 1"):
        holm([0.1, 0.2], 1)


def test_equal_scores_share_a_place():
    assert ranks([0.5, 0.9, 0.9, 0.1]) == (3, 1, 1, 4)
    assert ranks([0.90001, 0.9]) == (1, 1)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=12))
def test_the_rank_correlation_is_spearmans(pairs):
    first, second = zip(*pairs, strict=True)
    if len(set(first)) == 1 or len(set(second)) == 1:
        assert rank_correlation(first, second) is None
    else:
        assert rank_correlation(first, second) == pytest.approx(
            stats.spearmanr(first, second).statistic
        )


def test_evidence_is_the_interval_and_the_test_with_the_confidence_corrected():
    differences = np.random.default_rng(3).normal(0.4, 1, (6, 4))
    found = evidence(differences, looked_at=4)
    assert found.confidence == 1 - ERROR / 4
    assert found.difference == interval(differences, found.confidence)
    assert found.p_value == paired_test(differences)
    of_seeds = evidence(differences[:1])
    assert of_seeds.difference == interval(differences[:1], 1 - ERROR)
    assert of_seeds.p_value == paired_test(differences[:1])


def test_the_interval_of_a_logarithm_becomes_that_of_the_ratio():
    assert Interval(-math.log(2), 0.0, math.log(2)).exp() == pytest.approx((0.5, 1, 2))
