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
    grid_tune,
)

ADAMW = ZOO["adamw"]


def bowl(rate, decay):
    """Values that are best at a rate and a weight decay, and calls that were made."""
    calls = []

    def measure(wd, rates):
        calls.extend((wd, each) for each in rates)
        off = abs(math.log10((wd or 1e-5) / decay))
        return [-abs(math.log10(each / rate)) - off for each in rates]

    return measure, calls


@given(st.floats(-7, 1), st.floats(-3.4, 1.4))
def test_the_best_is_interior_wherever_it_lies(log_rate, log_decay):
    measure, calls = bowl(10**log_rate, 10**log_decay)
    tuned = grid_tune(ADAMW, measure)
    assert tuned.interior
    assert abs(math.log10(tuned.rate) - log_rate) <= 0.2501
    assert tuned.decay == 0 or abs(math.log10(tuned.decay) - log_decay) <= 0.501
    assert len(calls) == len(set(calls)) == tuned.points, "no point is paid twice"
    rates = [rate for rate, _ in tuned.sweep]
    assert rates == sorted(rates) and rates[0] < tuned.rate < rates[-1]
    assert max(value for _, value in tuned.sweep) == tuned.value


def test_a_grid_that_never_turns_down_ends_and_says_so():
    tuned = grid_tune(ADAMW, lambda wd, rates: list(rates))
    assert not tuned.interior
    assert tuned.rate == pytest.approx(1e-3 * 10 ** (FARTHEST_STEP / 2))
    tuned = grid_tune(ADAMW, lambda wd, rates: [wd] * len(rates))
    assert not tuned.interior and tuned.decay == LARGEST_DECAY


def test_a_rule_is_tuned_in_what_it_has():
    calls = []

    def measure(wd, rates):
        calls.append((wd, tuple(rates)))
        return [0.0] * len(rates)

    neither = dsl.parse("def free(w, g):\n    return 0.1 * g")
    tuned = grid_tune(neither, measure)
    assert calls == [(None, (None,))]
    assert (tuned.constants, tuned.points, tuned.interior, tuned.sweep) == ({}, 1, True, ())
    plain = dsl.parse("def plain(w, g, *, lr=0.1):\n    return lr * g")
    tuned = grid_tune(plain, measure)
    assert tuned.constants == {"lr": 0.1} and tuned.points == len(RATE_STEPS)


def test_ties_go_to_the_default_rate_without_decay():
    tuned = grid_tune(ADAMW, lambda wd, rates: [1.0] * len(rates))
    assert tuned.constants == {"lr": 1e-3, "wd": 0.0}
    assert tuned.points == len(RATE_STEPS) * len(DECAYS)
