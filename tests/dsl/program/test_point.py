"""The point of evaluation as a second value of a rule: text, tracing, kinds, equality, hashes."""

import pickle

import pytest

from dsl import canonical, canonical_hash, fingerprint, parse, program, simplify
from dsl.errors import DslError, FormError, KindError
from dsl.language.registry import Domain
from dsl.ops import copy_w, interp, zeros
from dsl.program import Local
from dsl.program.listing import listing
from dsl.rewrite.family import family

HEAD = "def rule(w, g, z=copy_w, *, lr=0.5, b1=0.9):\n"
STEP = f"{HEAD}    z = z - lr * g\n    return lr * g"
AVERAGED = f"{HEAD}    z = interp(w - lr * g, z, b1)\n    return lr * g, z"


@program
def traced(w, g, z=copy_w, *, lr=0.5, b1=0.9):
    z = interp(w - lr * g, z, b1)
    return lr * g, z


def test_a_rule_returns_its_step_and_its_point():
    rule = parse(AVERAGED)
    assert rule.point == rule.next_values["z"] == Local(2)
    assert parse(str(rule)) == rule == traced.renamed("rule")
    assert str(rule).endswith("return lr * g, z")
    assert listing(rule).endswith("return %3, %2")
    assert pickle.loads(pickle.dumps(rule)) == rule


def test_a_rule_without_a_point_says_nothing_of_one():
    rule = parse(STEP)
    assert rule.point is None
    assert rule.returned == (rule.result,)
    assert listing(rule).endswith("return %2")


@pytest.mark.parametrize(
    ("returned", "error"),
    [("g,", FormError), ("g, g, g", FormError), ("g, gram(g)", KindError), ("g, u", DslError)],
)
def test_what_is_no_step_and_a_point_is_refused(returned, error):
    with pytest.raises(error):
        parse(f"{HEAD}    return {returned}")


def test_a_traced_rule_with_three_values_is_refused():
    def rule(w, g, m=zeros):
        return g, w, m

    with pytest.raises(FormError, match="met 3 in a tuple"):
        program(rule)


def test_rules_that_differ_in_their_point_are_different_rules():
    rules = [
        parse(f"{HEAD}    z = {z}\n    return lr * g{point}")
        for z, point in [
            ("interp(w - lr * g, z, b1)", ", z"),
            ("interp(w - lr * g, z, 0.99)", ", z"),
            ("interp(w - lr * g, z, 0.99)", ", w"),
            ("z", ""),
        ]
    ]
    for key in (lambda rule: rule, canonical_hash, fingerprint, lambda rule: rule.digest):
        assert len({key(rule) for rule in rules}) == 4
    assert len({family(rule) for rule in rules}) == 3, "the first two differ in a number"


def test_slots_that_the_point_alone_needs_are_alive():
    assert not canonical(parse(STEP)).slots
    assert list(canonical(parse(AVERAGED)).slots) == ["s0"]


@pytest.mark.parametrize("point", ["w - lr * g", "w - g * lr"])
def test_a_point_that_is_the_parameters_is_none(point):
    rule, plain = parse(f"{HEAD}    return lr * g, {point}"), parse(f"{HEAD}    return lr * g")
    assert canonical(rule) == canonical(plain)
    assert canonical_hash(rule) == canonical_hash(plain)
    assert family(rule) == family(plain)
    assert fingerprint(rule) == fingerprint(plain)


def test_a_point_that_only_behaves_like_the_parameters_has_their_fingerprint():
    rule = parse(f"{HEAD}    return lr * g, w * 2 - (w + lr * g)")
    assert rule.point is not None and canonical(rule).point is not None
    assert fingerprint(rule) == fingerprint(parse(f"{HEAD}    return lr * g"))


def test_a_point_is_simplified_and_kept():
    rule = parse(f"{HEAD}    z = interp(w - lr * g, z, b1)\n    return lr * g, 1 * z + 0")
    made = simplify(rule, Domain.FINITE)
    assert canonical(made) == canonical(parse(AVERAGED))


def test_a_point_that_simplifies_to_the_parameters_is_gone():
    rule = parse(f"{HEAD}    z = interp(w - lr * g, z, 0)\n    return lr * g, z")
    assert canonical(simplify(rule, Domain.FINITE)) == canonical(parse(f"{HEAD}    return lr * g"))
