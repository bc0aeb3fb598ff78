"""Tables of multipliers as program text, and those that gradient norms give."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import median_filter

from dsl import DslError, parse
from dsl.combine import linear_decay, refined, tabulated
from dsl.combine.refinement import running_median
from dsl.combine.tables import knots
from dsl.errors import UnknownName
from dsl.run.interpret import run_step
from dsl.zoo import ZOO

STEP = parse("def step(w, g, *, lr=1):\n    return lr * g")

tables = st.lists(st.floats(0, 4), min_size=1, max_size=40)
norms = st.lists(st.floats(0.01, 100), min_size=2, max_size=60)


def rates(program, horizon: int, steps: int) -> list[float]:
    """The steps of the program where every gradient is 1."""
    found = []
    for t in range(1, steps + 1):
        one = [np.ones(())]
        inputs = {"w": one, "g": one, "t": np.float64(t), "T": float(horizon), "lr": 1.0}
        found.append(float(run_step(program, inputs, {}, None, np)[0][0]))
    return found


@given(tables)
@settings(max_examples=60)
def test_a_table_with_a_number_for_every_step_is_followed_and_its_last_number_stays(values):
    made = tabulated(STEP, values, most=len(values))
    assert parse(str(made)) == made
    followed = rates(made, len(values), len(values) + 3)
    np.testing.assert_allclose(followed, [*values, *[values[-1]] * 3], rtol=1e-12, atol=1e-11)


@given(tables, st.integers(2, 12), st.integers(1, 90))
@settings(max_examples=60)
def test_a_table_is_a_polygon_of_bounded_size_stretched_over_the_horizon(values, most, horizon):
    made = tabulated(STEP, values, most=most)
    assert len(made.statements) <= 5 + 4 * most
    corners = knots(values, most)
    assert len(corners) <= most and {0, len(values) - 1} <= set(corners)
    places = np.arange(horizon) / max(horizon - 1, 1) * (len(values) - 1)
    polygon = np.interp(places, corners, [values[at] for at in corners])
    np.testing.assert_allclose(rates(made, horizon, horizon), polygon, rtol=1e-9, atol=1e-9)


def test_knots_lie_where_a_table_turns():
    assert knots([1, 1, 1, 1], 9) == [0, 3]
    assert knots([4, 3, 2, 1, 2, 3], 9) == [0, 3, 5]
    assert knots([0, 5, 0, 1, 0], 3) == [0, 1, 4]
    assert knots([7], 9) == [0]


def test_another_hyperparameter_can_follow_a_table():
    made = tabulated(ZOO["heavy_ball"], [0, 1], name="b1")
    assert "lr * m" in str(made) and "b1 = b1 * part" in str(made)


@pytest.mark.parametrize("values", [[], [1, np.nan], [np.inf]])
def test_a_table_without_numbers_is_refused(values):
    with pytest.raises(DslError, match="a table of multipliers needs"):
        tabulated(STEP, values)
    with pytest.raises(UnknownName, match="'step' has no 'b1'"):
        tabulated(STEP, [1.0], name="b1")


@pytest.mark.parametrize(
    ("power", "wanted"),
    [
        (2, [0.0755208, 0.2916667, 1, 0.8333333, 0.6666667, 0]),
        (1, [0.34375, 0.625, 1, 0.75, 0.5, 0]),
    ],
)
def test_a_refined_schedule_weighs_by_inverse_norms(power, wanted):
    found = refined([4, 2, 1, 1, 1, 0.5], power=power, smoothing=0)
    np.testing.assert_allclose(found, wanted, atol=1e-7)


def test_norms_that_stay_the_same_give_linear_decay():
    values = refined(np.full(20, 3.0))
    np.testing.assert_allclose(values, 1 - np.arange(20) / 19, rtol=1e-12, atol=1e-15)
    assert knots(list(values), 9) == [0, 19]
    straight = rates(linear_decay(STEP), 19, 19)
    np.testing.assert_allclose(rates(tabulated(STEP, values), 20, 20)[1:], straight, atol=1e-12)


@given(norms, st.floats(0, 1))
@settings(max_examples=100)
def test_norms_are_smoothed_by_a_median_that_is_mirrored_at_the_end(given_norms, part):
    window = int(part * len(given_norms))
    width = 2 * (window // 2) + 1
    mirrored = np.pad(given_norms, (0, 2 * width), mode="reflect")
    wanted = median_filter(mirrored, size=width, mode="nearest")[: len(given_norms)]
    np.testing.assert_array_equal(running_median(np.array(given_norms), window), wanted)


@pytest.mark.parametrize("given_norms", [[], [1.0], [1, 0], [1, -1], [1, np.nan], [1, np.inf]])
def test_norms_that_say_nothing_are_refused(given_norms):
    with pytest.raises(DslError, match="refined from two or more norms"):
        refined(given_norms)
