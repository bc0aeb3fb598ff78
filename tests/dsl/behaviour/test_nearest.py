"""Known rules by their distance: as somebody who knows them would put them."""

import pytest
from hypothesis import given, settings

from dsl import parse
from dsl.behaviour.distance import behaviour_distance
from dsl.behaviour.nearest import in_digits, known_as, nearest
from dsl.zoo import ZOO
from tests.support.everyday import EVERYDAY
from tests.support.strategies import programs


def far(one, other):
    return behaviour_distance(ZOO[one], ZOO[other])


NEARER = [
    ("adam", "adamw", "sgd"),
    ("nadamw", "adam", "rmsprop"),
    ("adabelief", "adam", "lion"),
    ("yogi", "adam", "adamax"),
    ("signum", "lion", "heavy_ball"),
    ("lion_k_huber", "lion", "signum"),
    ("rmsprop", "adagrad", "adam"),
    ("nesterov", "heavy_ball", "sgd"),
    ("muon", "lanton", "adam"),
    ("muon", "mars_shampoo", "heavy_ball"),
    ("lamb", "adam", "lars"),
    ("dog", "normalized_gd", "sgd_cosine"),
    ("sgd_cosine", "sgd_linear_decay", "sgd"),
    ("subset_norm_adam", "sm3", "adam"),
    ("adafactor", "rmsprop", "lion"),
    ("sania_pcg", "sania_hessian_diagonal", "adam"),
    ("prodigy", "d_adapt_adam", "adam"),
    ("sam", "heavy_ball", "nesterov"),
]


@pytest.mark.parametrize(("rule", "near", "further"), NEARER)
def test_kin_are_nearer_than_others(rule, near, further):
    assert far(rule, near) < 0.8 * far(rule, further)


STRANGERS = [("sgd", "lion"), ("sgd", "adam"), ("muon", "sgd"), ("adam", "prodigy")]


@pytest.mark.parametrize(("one", "other"), STRANGERS)
def test_rules_that_have_nothing_in_common_are_far_apart(one, other):
    assert far(one, other) > 0.45


def test_nadam_is_nearer_to_adam_than_to_lion_and_nearest_to_what_has_as_little_momentum():
    """Its momentum starts at half of Adam's and grows over thousands of steps."""
    assert far("nadam", "exadam") < far("nadam", "rmsprop") < far("nadam", "adam")
    assert far("nadam", "adam") < far("nadam", "lion")


def test_adamw_without_decay_is_adam():
    assert behaviour_distance(ZOO["adam"], ZOO["adamw"].with_hyperparameters(wd=0)) < 1e-12
    assert 1e-4 < far("adam", "adamw") < 0.01


OTHER_CONSTANTS = [
    ("adam", {"b1": 0.8, "b2": 0.99}),
    ("adamw", {"b1": 0.95, "wd": 0.1}),
    ("lion", {"b1": 0.8, "b2": 0.95}),
    ("heavy_ball", {"b1": 0.7}),
    ("adan", {"b1": 0.9}),
    ("muon", {"b1": 0.8}),
]


@pytest.mark.parametrize(("name", "constants"), OTHER_CONSTANTS)
def test_a_family_with_other_constants_is_near_and_not_the_same(name, constants):
    other = ZOO[name].with_hyperparameters(**constants).renamed("mine")
    assert 0.005 < behaviour_distance(ZOO[name], other) < 0.4
    assert known_as(other) == f"{name} with other constants"
    [itself] = [each for each in nearest(other) if each.name == name]
    assert itself.same_family and not itself.same_behaviour and not itself.decay_gone
    assert itself.relation == "other constants"


def test_every_rule_of_the_zoo_is_known_as_itself():
    for name, rule in ZOO.items():
        found = nearest(rule.renamed("mine"), 3)
        assert known_as(rule.renamed("mine")) == name
        assert found[0].name == name or found[0].distance == 0
        assert found[0].relation == "the same steps"


WRITTEN_ANEW = {
    "adam with other constants": """
def rule(w, g, t, m=zeros, v=zeros, *, b1=0.8, b2=0.95):
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    return 0.1 * (m / (1 - b1 ** t) / (sqrt(v / (1 - b2 ** t)) + 1e-7))
""",
    "lion with other constants": """
def rule(w, g, m=zeros):
    u = sign(interp(g, m, 0.85))
    m = interp(g, m, 0.95)
    return 0.001 * u
""",
    "sgd": "def rule(w, g, unread=zeros, *, lr=0.5):\n    return 0.5 * lr * 2 * (g * 1)",
    "heavy_ball": "def rule(w, g, m=zeros):\n    m = 0.9 * m + g\n    return 0.01 * m",
}


@pytest.mark.parametrize("words", WRITTEN_ANEW)
def test_a_known_rule_is_found_however_it_is_written(words):
    rule = parse(WRITTEN_ANEW[words])
    if " with" not in words:  # of equal rate
        rate = ZOO[words].hyperparameters["lr"]
        rule = parse(WRITTEN_ANEW[words].replace("0.01 *", f"{rate} *").replace("=0.5", f"={rate}"))
    assert known_as(rule) == words


def test_the_decay_of_a_known_rule_may_be_gone_but_not_be_added():
    text = """
def rule(w, g, t, m=zeros, v=zeros, *, lr=0.01):
    m = interp(g, m, 0.9)
    v = interp(square(g), v, 0.99)
    u = m / (1 - 0.9 ** t) / (sqrt(v / (1 - 0.99 ** t)) + 1e-8)
    return lr * ({u} * norm(w) / norm({u}))
"""
    lamb = {each.name: each for each in nearest(parse(text.format(u="u")))}["lamb"]
    assert not lamb.same_family
    decayed = parse("def rule(w, g, *, lr=0.01, wd=0.1):\n    return lr * (sign(g) + wd * w)")
    signs = {each.name: each for each in nearest(decayed)}["signsgd"]
    assert not signs.same_family and signs.distance < 0.1


def test_a_rule_like_no_other_is_called_by_the_nearest():
    rule = parse(
        "def rule(w, g, m=zeros, *, lr=0.01):\n"
        "    m = interp(sign(g) * sqrt(abs(g)), m, 0.9)\n"
        "    return lr * (m + 0.2 * sign(g))"
    )
    first, second = nearest(rule, 2)
    assert first.distance <= second.distance and first.relation == ""
    assert known_as(rule) == f"nearest {first.name}, {first.distance:.2f}"


def test_distances_are_read_at_a_glance():
    assert [in_digits(d) for d in (0, 0.1249, 0.01, 0.0034, 0.00029)] == [
        *("0.00", "0.12", "0.01", "0.003", "0.0003")
    ]


@given(programs())
@settings(max_examples=30)
def test_every_program_has_neighbours(program):
    found = nearest(program)
    assert sorted(each.name for each in found) == sorted(ZOO)
    assert [each.distance for each in found] == sorted(each.distance for each in found)
    assert nearest(program, 3) == found[:3]
    if found[0].distance <= 0.99:
        assert any(each.name in known_as(program) for each in found)
    else:
        assert known_as(program) == "like no known rule"


def test_everyday_rules_are_there():
    assert {each.name for each in nearest(ZOO["adam"])} > EVERYDAY
