"""Steps to a target, speed-ups, profiles and rate windows: known answers and symmetries."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from evaluators.comparison.speedup import profile, rate_window, speed_up, steps_to

LOOKS = [10, 20, 30, 40]
LOSSES = st.sampled_from([0.25, 0.5, 1.0, 1.5, 2.0, math.inf, math.nan])
CURVES = npst.arrays(float, (3, 4), elements=LOSSES)


def test_steps_are_interpolated_between_looks():
    curve = [4.0, 3.0, 1.0, 2.0]
    targets = {4.0: 10, 9.0: 10, 3.5: 15, 2.5: 22.5, 0.9: math.inf, math.nan: math.inf}
    targets[1.0] = 30  # the first time, though the loss rises again
    found = steps_to(np.array([*targets]), LOOKS, np.array([curve] * len(targets)))
    assert found.tolist() == [*targets.values()]


def test_a_loss_that_is_not_finite_is_above_every_target():
    curves = np.array([[math.nan, 2.0, 1.0, math.nan], [math.inf] * 4])
    for target in (2.5, math.inf):
        assert steps_to(np.full(2, target), LOOKS, curves).tolist() == [20, math.inf]


@given(CURVES, st.floats(0.1, 3), st.floats(0, 2))
def test_a_lower_target_takes_no_fewer_steps(curves, target, more):
    low, high = np.full(3, target), np.full(3, target + more)
    assert np.all(steps_to(low, LOOKS, curves) >= steps_to(high, LOOKS, curves))


def test_half_the_steps_are_a_speed_up_of_two_and_the_censored_run_is_its_mirror_image():
    slow, fast = np.array([[3.0, 2.5, 2.25, 2.0]]), np.array([[2.5, 2.0, 1.5, 1.0]])
    assert speed_up(fast, slow, LOOKS) == 2
    assert speed_up(slow, fast, LOOKS) == 0.5, "slow never reaches 1; fast is at 2 in half of it"


def test_a_failed_run_is_beaten_by_the_largest_factor():
    fine = np.array([[3.0, 2.5, 2.0, 1.5]])
    failed = np.array([[3.0, 2.0, math.nan, math.nan]])
    assert speed_up(failed, fine, LOOKS) == 0.25 and speed_up(fine, failed, LOOKS) == 4
    assert speed_up(failed, failed, LOOKS) == 1


@given(CURVES, CURVES)
def test_exchanging_the_rules_inverts_the_speed_up(ours, theirs):
    forth, back = speed_up(ours, theirs, LOOKS), speed_up(theirs, ours, LOOKS)
    assert forth * back == pytest.approx(np.ones(3))
    assert np.all((forth >= 0.25) & (forth <= 4))
    assert speed_up(ours, ours, LOOKS).tolist() == [1, 1, 1]


def test_a_profile_counts_problems_within_a_factor_of_the_best():
    costs = np.array([[1.0, 4.0, math.inf, math.inf], [2.0, 2.0, 5.0, math.inf]])
    shares = profile(costs, np.array([1, 1.9, 2, 100]))
    assert shares.tolist() == [[0.25, 0.25, 0.5, 0.5], [0.5, 0.5, 0.75, 0.75]]


@given(npst.arrays(float, (3, 6), elements=st.sampled_from([1.0, 2.0, 3.0, math.inf])))
def test_profiles_rise_and_somebody_is_best_where_anybody_is(costs):
    shares = profile(costs, np.array([1, 1.5, 2, 3, 1e9]))
    assert np.all(np.diff(shares, axis=1) >= 0)
    assert shares[:, 0].sum() >= np.isfinite(costs).any(axis=0).mean() - 1e-12
    assert shares[:, -1] == pytest.approx(np.isfinite(costs).mean(axis=1))


def test_the_window_of_rates_is_measured_in_decades():
    rates = [1e-3, 1e-2, 1e-1, 1.0]
    assert rate_window(rates, [0.0, 1.0, 0.0, 0.0], within=0.5) == pytest.approx(1.0)
    assert rate_window(rates, [1.0, 1.0, 1.0, 1.0]) == pytest.approx(3.0)
    assert rate_window(rates, [0.0, 1.0, 0.9, 0.0], within=0.1) == pytest.approx(1.1)
    assert rate_window(rates, [1.0, 0.0, 1.0, 0.0], within=0.5) == pytest.approx(0.5)
    assert rate_window([0.1], [1.0]) == 0
