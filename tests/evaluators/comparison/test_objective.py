"""Tuning reads the same definition as the table: the score at both horizons."""

import math

import pytest

import dsl
from evaluators.comparison.objective import Tuning, tune_by_score, tune_scale

RULE = dsl.parse("def rule(w, g, *, lr=1.0):\n    return lr * g")
NAN = math.nan


def training(gains):
    """What trains by a table of progress at both horizons by rate, and the rates it was asked."""
    asked = []

    def train(decay, rates):
        assert decay is None
        asked.extend(rates)
        return [(gains.get(rate, (0.0, 0.0)),) * 2 for rate in rates]

    return train, asked


def test_the_best_point_is_best_at_both_horizons_together():
    train, _ = training({0.3162: (1.0, 3.0), 1.0: (0.2, 3.1), 3.162: (1.2, 0.5)})
    found = tune_by_score(RULE, train, (1.0, 2.0))
    assert found.tuned.rate == 0.3162, "the last horizon alone would say 1, the first alone 3.162"
    assert found.tuned.value == pytest.approx((1.0 / 1.0 + 3.0 / 2.0) / 2)
    assert found.reference == (1.0, 2.0)


def test_good_points_are_told_apart_beyond_the_bound_of_the_score():
    train, _ = training({0.3162: (30.0, 30.0), 1.0: (20.0, 20.0)})
    assert tune_by_score(RULE, train, (1.0, 1.0)).tuned.rate == 0.3162


def test_a_failed_run_counts_as_the_worst():
    train, _ = training({1.0: (NAN, NAN), 0.3162: (0.1, 0.1)})
    found = tune_by_score(RULE, train, (1.0, 1.0))
    assert found.tuned.rate == 0.3162 and dict(found.tuned.sweep)[1.0] == -1


def test_the_scale_is_tuned_by_its_own_score():
    """The mean of progress favours the rate 1; by the score, where 1 is the rate at 1, that at
    3.162 is better, and by its own score nothing is better than it."""
    gains = {0.3162: (0.1, 5.0), 1.0: (0.5, 5.0), 3.162: (0.9, 4.5)}
    train, asked = training(gains)
    found = tune_scale(RULE, train, 2, least=0.01)
    assert found.tuned.rate == 3.162 and found.reference == (0.9, 4.5)
    assert found.tuned.value == pytest.approx(1)
    assert all((first / 0.9 + last / 4.5) / 2 <= 1 for first, last in gains.values()), (
        "no point scores higher"
    )
    assert len(asked) == len(set(asked)), "no run is paid twice"


def test_points_that_take_turns_come_to_an_end():
    """Each of two points is better by the other's score."""
    train, _ = training({0.3162: (1.0, 4.0), 1.0: (4.0, 1.0)})
    found = tune_scale(RULE, train, 2, least=0.01)
    assert found.tuned.rate in (0.3162, 1.0) and sorted(found.reference) == [1.0, 4.0]


def test_a_scale_that_fails_everywhere_stands_for_the_least_progress():
    train, _ = training({rate: (NAN, NAN) for rate in (0.1, 0.3162, 1.0, 3.162, 10.0)})
    assert tune_scale(RULE, train, 2, least=0.03).reference == (0.03, 0.03)


def test_a_tuning_survives_json():
    train, _ = training({1.0: (1.0, 2.0)})
    found = tune_by_score(RULE, train, (1.0, 2.0))
    assert Tuning.from_json(found.to_json()) == found
