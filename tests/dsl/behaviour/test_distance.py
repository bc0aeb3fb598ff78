"""The distance between behaviours: a metric that one factor does not change."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dsl import parse
from dsl.behaviour.distance import behaviour_distance, distances, profile, profile_of, stacked
from dsl.behaviour.probe import ENTRIES, SIZES, STEPS, everyday, steps
from dsl.program import Const, Local, Program
from dsl.program.walk import Rewriter
from dsl.rewrite.liveness import live, sources
from dsl.zoo import ZOO
from tests.support.strategies import programs

FEW = settings(max_examples=40)


def times(program: Program, factor: float) -> Program:
    """The program with its steps multiplied by a number."""
    longer = Rewriter(program)
    longer.copy()
    result = longer.put("mul", longer.moved(program.result), Const(factor))
    return longer.finish(result=result)


@given(programs(), programs())
@FEW
def test_it_is_symmetric_bounded_and_zero_to_the_program_itself(one, other):
    far = behaviour_distance(one, other)
    assert 0 <= far <= 1
    assert behaviour_distance(other, one) == far
    assert behaviour_distance(one, one) == 0


@given(programs(), programs(), programs())
@FEW
def test_the_way_round_is_not_shorter(one, other, third):
    sides = behaviour_distance(one, third) + behaviour_distance(third, other)
    assert behaviour_distance(one, other) <= sides + 1e-9


@given(programs(oracles=False), st.sampled_from([0.25, 3.0, 1e-4, 700.0]))
@FEW
def test_one_factor_does_not_matter_where_steps_do_not_read_parameters(program, factor):
    assume("w" not in live(program).names and not any(s.rule == "copy_w" for s in slots(program)))
    moves = np.abs(steps(program, everyday()))
    assume(np.all(moves < 1e290) and np.all((moves > 1e-290) | (moves == 0)))
    assert behaviour_distance(program, times(program, factor)) < 1e-6


def slots(program):
    return [program.slots[name] for name in live(program).slots]


@given(programs())
@FEW
def test_names_and_dead_code_do_not_matter(program):
    assume("unread" not in program.name_kinds)
    longer = Rewriter(program)
    longer.put("square", Const(3.0), name="unread")
    longer.copy()
    longer.put("sign", Local(0))
    other = longer.finish(name="other", doc="Something else.")
    assert len(other.statements) == len(program.statements) + 2
    assert behaviour_distance(program, other) == 0


def test_the_learning_rate_matters_little_where_steps_read_parameters():
    for name in ("adamw", "lion", "schedule_free_adamw", "sam", "lamb", "muon"):
        rule = ZOO[name]
        longer = rule.with_hyperparameters(lr=3 * rule.hyperparameters["lr"])
        assert behaviour_distance(rule, longer) < 0.03, name


def profiles_of(one, other):
    """The distance of two sets of steps, given for one entry of the matrix alone."""
    return float(distances(profile_of(one), profile_of(other)))


@pytest.fixture
def walk():
    """Steps whose cells all have length 1."""
    signs = np.sign(np.random.default_rng(5).normal(size=(STEPS, ENTRIES)))
    return signs / np.sqrt(np.repeat(SIZES, SIZES))


def test_a_direction_counts_by_its_angle(walk):
    assert profiles_of(walk, 5 * walk) == pytest.approx(0, abs=1e-12)
    assert profiles_of(walk, -walk) == pytest.approx(1)
    half_turned = np.where(np.arange(ENTRIES) % 2, walk, -walk)  # at right angles, but for one of 5
    assert profiles_of(walk, half_turned) == pytest.approx(0.8 * 0.5**0.5 + 0.2 * 0.6**0.5)


def test_sizes_over_time_and_of_tensors_count(walk):
    falling = walk * np.where(np.arange(STEPS) < STEPS / 2, 2.0, 0.5)[:, None]
    assert profiles_of(walk, falling) == pytest.approx(1 / 3)
    of_tensors = walk * np.where(np.arange(ENTRIES) < 20, 1.0, 2.0**5)
    apart = 0.8 * (1 / 3) + 0.2 * (2**4 - 1) / (2**4 + 1)  # by 1/2 and 2^4 of the typical
    assert profiles_of(walk, of_tensors) == pytest.approx(apart)


def test_steps_that_are_not_finite_are_alike_and_far_from_others(walk):
    lost, again = walk.copy(), 3 * walk
    lost[: STEPS // 2, 0] = np.nan
    again[: STEPS // 2, 3] = -np.inf
    assert profiles_of(lost, again) == pytest.approx(0, abs=1e-12)
    assert profiles_of(lost, walk) == pytest.approx(0.8 / 2)
    none = np.full_like(walk, np.nan)
    assert profiles_of(none, walk) == 1
    assert profiles_of(none, none) == 0


def test_no_step_is_as_far_as_can_be_from_one(walk):
    resting = walk.copy()
    resting[::2] = 0
    assert profiles_of(resting, walk) == pytest.approx(1 / 2)
    assert profiles_of(np.zeros_like(walk), walk) == 1
    assert profiles_of(np.zeros_like(walk), np.zeros_like(walk)) == 0


def test_steps_of_any_size_can_be_told_apart(walk):
    for scale in (1e-300, 1e300):
        assert profiles_of(scale * walk, walk) == pytest.approx(0, abs=1e-9)


def test_the_distance_to_many_is_that_to_each():
    rules = [ZOO[name] for name in ("sgd", "lion", "muon")]
    at_once = distances(profile(ZOO["adam"]), stacked([profile(rule) for rule in rules]))
    each = [behaviour_distance(ZOO["adam"], rule) for rule in rules]
    np.testing.assert_allclose(at_once, each, rtol=1e-12)


def test_a_rule_with_an_oracle_sees_what_agrees_with_its_gradient():
    here = parse("def rule(w, g, *, lr=0.1):\n    return lr * grad_at(w)")
    assert sources(here)
    assert behaviour_distance(here, ZOO["sgd"]) < 1e-12
    assert behaviour_distance(ZOO["sam"], ZOO["heavy_ball"]) < 0.05
