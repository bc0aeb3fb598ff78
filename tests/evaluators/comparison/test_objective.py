"""Tuning reads the same definition as the table: the score at both horizons."""

import math

import pytest

import dsl
from evaluators.comparison.objective import ScaleSearch, ScoreSearch, TuningResult

RULE = dsl.parse("def rule(w, g, *, lr=1.0):\n    return lr * g")
NAN = math.nan


def tuned_by(search, gains):
    """The result of a search in a table of progress at both horizons by rate, and the rates it
    asked for."""
    asked = []
    while points := search.ask():
        assert all(point.decay is None for point in points)
        asked.extend(point.rate for point in points)
        search.tell([(gains.get(point.rate, (0.0, 0.0)),) * 2 for point in points])
    return search.result, asked


def by_score(gains, reference):
    return tuned_by(ScoreSearch(RULE, reference), gains)[0]


def test_the_best_point_is_best_at_both_horizons_together():
    gains = {0.3162: (1.0, 3.0), 1.0: (0.2, 3.1), 3.162: (1.2, 0.5)}
    found = by_score(gains, (1.0, 2.0))
    assert found.tuned.rate == 0.3162, "the last horizon alone would say 1, the first alone 3.162"
    assert found.tuned.value == pytest.approx((1.0 / 1.0 + 3.0 / 2.0) / 2)
    assert found.reference == (1.0, 2.0)


def test_good_points_are_told_apart_beyond_the_bound_of_the_score():
    gains = {0.3162: (30.0, 30.0), 1.0: (20.0, 20.0)}
    assert by_score(gains, (1.0, 1.0)).tuned.rate == 0.3162


def test_a_failed_run_counts_as_the_worst():
    found = by_score({1.0: (NAN, NAN), 0.3162: (0.1, 0.1)}, (1.0, 1.0))
    assert found.tuned.rate == 0.3162 and dict(found.tuned.sweep)[1.0] == -1


def test_the_scale_is_tuned_by_its_own_score():
    """The mean of progress favours the rate 1; by the score, where 1 is the rate at 1, that at
    3.162 is better, and by its own score nothing is better than it."""
    gains = {0.3162: (0.1, 5.0), 1.0: (0.5, 5.0), 3.162: (0.9, 4.5)}
    found, asked = tuned_by(ScaleSearch(RULE, 2, least=0.01), gains)
    assert found.tuned.rate == 3.162 and found.reference == (0.9, 4.5)
    assert found.tuned.value == pytest.approx(1)
    assert all((first / 0.9 + last / 4.5) / 2 <= 1 for first, last in gains.values()), (
        "no point scores higher"
    )
    assert len(asked) == len(set(asked)), "no run is paid twice"


def test_points_that_take_turns_come_to_an_end():
    """Each of two points is better by the other's score."""
    gains = {0.3162: (1.0, 4.0), 1.0: (4.0, 1.0)}
    found, _ = tuned_by(ScaleSearch(RULE, 2, least=0.01), gains)
    assert found.tuned.rate in (0.3162, 1.0) and sorted(found.reference) == [1.0, 4.0]


def test_a_scale_that_fails_everywhere_stands_for_the_least_progress():
    gains = {rate: (NAN, NAN) for rate in (0.1, 0.3162, 1.0, 3.162, 10.0)}
    found, _ = tuned_by(ScaleSearch(RULE, 2, least=0.03), gains)
    assert found.reference == (0.03, 0.03)


def test_a_tuning_survives_json():
    found = by_score({1.0: (1.0, 2.0)}, (1.0, 2.0))
    assert TuningResult.from_json(found.to_json()) == found
