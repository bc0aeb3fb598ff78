"""Traits of rules whose behaviour is known."""

import json

import pytest
from hypothesis import given, settings

from dsl import parse
from dsl.behaviour.traits import SEEN, Reach, traits
from dsl.zoo import ZOO
from tests.support.strategies import programs

KNOWN = {
    "sgd": {"scaling": 1, "remembers": 1, "turns": 1, "rank_correlation": 1, "growth": 0},
    "heavy_ball": {"scaling": 1, "remembers": 7, "turns": 7},
    "signsgd": {"scaling": 0, "remembers": 1, "turns": 1, "rank_correlation": 0, "growth": 0},
    "signum": {"scaling": 0, "remembers": SEEN, "turns": 7, "rank_correlation": 0, "growth": 0},
    "lion": {"scaling": 0, "remembers": SEEN, "turns": 15, "rank_correlation": 0},
    "adam": {"scaling": 0, "turns": 7, "growth": 0, "memory": 2},
    "adagrad": {"scaling": 0, "remembers": 1, "growth": -0.5, "memory": 1},
    "sgd_warmup": {"scaling": 1, "growth": 1},
    "muon": {"scaling": 0, "growth": 0, "reach": Reach.TENSOR},
    "lars": {"scaling": 0, "reach": Reach.TENSOR},
    "normalized_gd": {"scaling": 0, "rank_correlation": 1, "reach": Reach.MODEL},
    "sgd_clipped_by_global_norm": {"reach": Reach.MODEL, "rank_correlation": 1},
    "polyak": {"reads": ("g", "loss"), "memory": 0, "reach": Reach.MODEL},
    "adahessian": {"reads": ("w", "g", "t", "hvp"), "memory": 2, "reach": Reach.ENTRY},
    "adafactor": {"memory": 0, "scaling": 0, "reach": Reach.TENSOR},
}


@pytest.mark.parametrize("name", KNOWN)
def test_traits_are_those_that_the_rule_is_known_for(name):
    found = traits(ZOO[name])
    for trait, value in KNOWN[name].items():
        if isinstance(value, int | float):
            value = pytest.approx(value, abs=2e-3)
        assert getattr(found, trait) == value, trait


def test_rules_of_entries_reach_no_further():
    for name in ("sgd", "heavy_ball", "adam", "lion", "adagrad", "sgd_cosine"):
        assert traits(ZOO[name]).reach is Reach.ENTRY


@pytest.mark.parametrize(("power", "scaling"), [("square(g)", 2), ("sqrt(abs(g))", 0.5)])
def test_scaling_is_a_power_of_the_gradient(power, scaling):
    rule = parse(f"def rule(w, g):\n    return {power}")
    assert traits(rule).scaling == pytest.approx(scaling)


def test_memory_grows_with_the_constant_of_an_average():
    rule = parse("def rule(w, g, m=zeros, *, b1=0.5):\n    m = interp(g, m, b1)\n    return m")
    seen = [traits(rule.with_hyperparameters(b1=b1)) for b1 in (0.5, 0.9, 0.95, 0.999)]
    assert [each.remembers for each in seen] == [2, 7, 14, SEEN]
    assert [each.turns for each in seen] == [1, 7, 12, SEEN // 2]


def test_what_has_no_finite_steps_has_no_numbers():
    found = traits(parse("def rule(w, g):\n    return g / (g - g)"))
    assert (found.scaling, found.growth, found.remembers, found.turns) == (None,) * 4
    assert found.rank_correlation is None


def test_an_entry_without_finite_steps_does_not_hide_the_reach_of_the_rest():
    lost = "where(equal(t, 2), g / (g - g), 0)"
    rule = "def rule(w, g, t):\n    return {step} + " + lost
    assert traits(parse(rule.format(step="g"))).reach is Reach.ENTRY
    assert traits(parse(rule.format(step="g / norm(g)"))).reach is Reach.TENSOR


def test_dead_state_and_unread_inputs_are_not_counted():
    rule = parse(
        "def rule(w, g, t, m=zeros, v=zeros):\n    v = v + g * t\n    m = m + g\n    return m"
    )
    assert traits(rule).memory == 1 and traits(rule).reads == ("g",)


@given(programs())
@settings(max_examples=40)
def test_every_program_has_traits_that_can_be_stored(program):
    found = traits(program)
    facts = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert facts["reach"] in [reach.value for reach in Reach]
    assert list(found.reads) == facts["reads"]
