"""The grid grows to where the best is interior, treats every rule alike, and ends."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dsl
from dsl.zoo import ZOO
from evaluators.tuning.grid import (
    DECAYS,
    FARTHEST_STEP,
    LARGEST_DECAY,
    RATE_STEPS,
    GridSearch,
)

ADAMW = ZOO["adamw"]


def searched(rule, value):
    """The result of a search where `value` is that of a decay and a rate, and the points asked
    for."""
    search, asked = GridSearch(rule), []
    while points := search.ask():
        assert search.ask() == points, "asking changes nothing"
        asked.extend(points)
        search.tell([value(*point) for point in points])
    return search.result, asked


@given(st.floats(-7, 1), st.floats(-3.4, 1.4))
def test_the_best_is_interior_wherever_it_lies(log_rate, log_decay):
    def value(decay, rate):
        off = abs(math.log10(decay or 1e-5) - log_decay)
        return -abs(math.log10(rate) - log_rate) - off

    tuned, asked = searched(ADAMW, value)
    assert tuned.interior and tuned.rate is not None and tuned.decay is not None
    assert abs(math.log10(tuned.rate) - log_rate) <= 0.2501
    assert tuned.decay == 0 or abs(math.log10(tuned.decay) - log_decay) <= 0.501
    assert len(asked) == len(set(asked)) == tuned.points, "no point is paid twice"
    rates = [rate for rate, _ in tuned.sweep]
    assert rates == sorted(rates) and rates[0] < tuned.rate < rates[-1]
    assert max(value for _, value in tuned.sweep) == tuned.value


def test_a_grid_that_never_turns_down_ends_and_says_so():
    tuned, _ = searched(ADAMW, lambda decay, rate: rate)
    assert not tuned.interior
    assert tuned.rate == pytest.approx(1e-3 * 10 ** (FARTHEST_STEP / 2))
    tuned, _ = searched(ADAMW, lambda decay, rate: decay)
    assert not tuned.interior and tuned.decay == LARGEST_DECAY


def test_a_rule_is_tuned_in_what_it_has():
    neither = dsl.parse("def free(w, g):\n    return 0.1 * g")
    tuned, asked = searched(neither, lambda decay, rate: 0.0)
    assert asked == [(None, None)]
    assert (tuned.constants, tuned.points, tuned.interior, tuned.sweep) == ({}, 1, True, ())
    plain = dsl.parse("def plain(w, g, *, lr=0.1):\n    return lr * g")
    tuned, _ = searched(plain, lambda decay, rate: 0.0)
    assert tuned.constants == {"lr": 0.1} and tuned.points == len(RATE_STEPS)


def test_ties_go_to_the_default_rate_without_decay():
    tuned, _ = searched(ADAMW, lambda decay, rate: 1.0)
    assert tuned.constants == {"lr": 1e-3, "wd": 0.0}
    assert tuned.points == len(RATE_STEPS) * len(DECAYS)
