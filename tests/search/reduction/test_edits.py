"""Programs made smaller or rounder by one edit or several."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl import parse
from dsl.program import Const, Local, Name, Program
from dsl.program.walk import Read
from dsl.rewrite.canonical import canonical_hash
from dsl.rewrite.liveness import live
from dsl.rewrite.simplify import simplify
from search.reduction.edits import AtParameters, Instead, Rounded, SlotNumber, applied, place_of
from search.reduction.proposals import proposals, told, weight
from search.reduction.rounding import digits, one_digit, rounder
from tests.support.strategies import programs

RULE = parse("""
def rule(w, g, m=zeros, v=const(1.3e-8), last=zeros, *, lr=1e-3, b1=0.9137, wd=0.01):
    x = 1.03 * g
    m = interp(x, m, b1)
    v = interp(square(x), v, 0.999)
    u = m / sqrt(v)
    step = 2 * u - last
    last = u
    return lr * (step + wd * w)
""")


def texts(program):
    """The programs that are proposed, by what is told of the edit."""
    return {told(each.edit, program): each.program for each in proposals(program)}


def same(program, text):
    return canonical_hash(program) == canonical_hash(parse(text))


@given(programs(max_statements=8))
@settings(max_examples=40, deadline=None)
def test_proposals_are_lighter_programs_of_the_same_inputs(program):
    program = simplify(program)
    before = weight(program)
    found = proposals(program)
    for each in found:
        assert isinstance(each.program, Program)
        assert each.weight == weight(each.program) < before
        assert each.program == simplify(each.program)
        assert set(each.program.inputs) <= {*program.inputs, "w", "g"}
        assert each.program.slots.keys() <= program.slots.keys()
        assert each.program.hyperparameters.keys() <= program.hyperparameters.keys()
        assert parse(str(each.program)) == each.program
        if "lr" in live(program).names:
            assert "lr" in live(each.program).names
        assert told(each.edit, program)
    keys = [canonical_hash(each.program) for each in found]
    assert len(set(keys)) == len(keys) and canonical_hash(program) not in keys
    assert [each.weight for each in found] == sorted(each.weight for each in found)


@given(programs(max_statements=8), st.data())
@settings(max_examples=30, deadline=None)
def test_edits_of_different_places_make_a_program_in_any_order(program, data):
    program = simplify(program)
    found = {place_of(each.edit): each.edit for each in proposals(program)}
    edits = data.draw(
        st.lists(st.sampled_from([*found.values()]), unique=True) if found else st.just([])
    )
    made, turned = applied(program, edits), applied(program, edits[::-1])
    assert (made is None) == (turned is None)
    if made is not None and turned is not None:
        assert made == turned


def test_a_statement_becomes_its_argument_a_slot_goes_and_a_number_is_rounded():
    found = texts(RULE)
    assert same(
        found["mul(1.03, g) is g"],
        str(RULE).replace("x = 1.03 * g", "x = g"),
    )
    without_last = str(RULE).replace("step = 2 * u - last", "step = 2 * u")
    without_last = without_last.replace("    last = u\n", "").replace(", last=zeros", "")
    assert same(found["sub(..., last) is mul(2, u)"], without_last)
    assert same(found["b1: 0.9137 is 0.9"], str(RULE).replace("0.9137", "0.9"))
    assert same(found["the start of v: 1.3e-8 is 1e-8"], str(RULE).replace("1.3e-8", "1e-8"))
    no_decay = str(RULE).replace("step + wd * w", "step").replace(", wd=0.01", "")
    assert any(same(program, no_decay) for program in found.values())
    assert not any("lr" in text.split(" is ")[0] for text in found)


def test_numbers_stay_where_the_rule_says_that_they_lie():
    text = """
def stated(w, g, t, m=zeros, *, lr=0.1, k=13, b=0.923, c=0.923):
    \"""A rule.

    Hyperparameters:
        k (12 to 19, whole): steps between two changes
        b (0.91 to 0.99): decay
    \"""
    m = interp(g, m, b)
    return lr * every(t, k, 1) * m * c
"""
    said = [each for each in texts(parse(text)) if each[0] in "kbc" and each[1] in ": "]
    assert [each for each in said if each.startswith("k")] == []
    assert [each for each in said if each.startswith("b")] == ["b: 0.923 is 0.92"]
    free = {*texts(parse(text.replace("12 to 19", "0 to 20").replace("0.91 to", "0 to")))}
    assert {"k: 13 is 10", "k is 1", "b: 0.923 is 0.9"} <= free
    assert "c: 0.923 is 0.9" in said


def test_a_slot_may_read_what_comes_later_in_the_text():
    program = parse("""
def late(w, g, m=zeros, n=zeros, *, lr=0.1):
    u = g + n
    m = interp(g, m, 0.9)
    n = square(m)
    return lr * u
""")
    made = applied(program, [Instead(Name("n"), program.next_values["n"])])
    assert made is not None
    assert same(
        made,
        "def late(w, g, m=zeros, *, lr=0.1):\n"
        "    m = interp(g, m, 0.9)\n    return lr * (g + square(m))",
    )


def test_a_value_that_would_need_itself_is_no_program():
    program = parse("""
def circle(w, g, m=zeros, *, lr=0.1):
    m = tanh(g + m)
    return lr * m
""")
    assert applied(program, [Instead(Name("m"), program.next_values["m"])]) is None
    assert applied(program, [Instead(Local(0), Local(1)), Instead(Local(1), Local(0))]) is None


def test_a_program_that_no_longer_follows_its_rate_is_none():
    program = parse("def p(w, g, *, lr=0.1):\n    return lr * sign(g)")
    assert applied(program, [Instead(Local(1), Local(0))]) is None
    assert applied(program, [Instead(Local(0), Name("g"))]) is not None


def test_edits_of_numbers_reach_their_places():
    made = applied(RULE, [Rounded(Name("b1"), 0.9), Rounded(SlotNumber("v", 0), 1e-8)])
    assert made is not None
    assert made.hyperparameters["b1"] == 0.9 and made.slots["v"].args == (1e-8,)
    first = RULE.statements[0].args.index(Const(1.03))
    assert applied(RULE, [Rounded(Read(0, first), 1.0)]) == simplify(
        parse(str(RULE).replace("1.03 * g", "1 * g"))
    )


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        (0.9312, (0.95, 0.93)),
        (0.8634, (0.9, 0.86)),
        (0.99912, (0.999, 0.9991)),
        (3.14159, (2, 3, 3.1)),
        (1.337e-8, (1e-8, 1.3e-8)),
        (-0.037, (-0.05, -0.04)),
        (12, (10,)),
        *((round_already, ()) for round_already in (0.999, 0.95, 1e-8, 7, 1, 0, -2, 5e-324)),
    ],
)
def test_numbers_become_what_a_person_would_write(value, rounded):
    assert rounder(value) == rounded


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_rounder_numbers_have_fewer_digits_and_stay_near(value):
    for each in rounder(value):
        assert digits(each) < digits(value)
        assert (each > 0) == (value > 0) and 0.5 < abs(each / value) < 2
    assert digits(one_digit(value)) <= 1 or value in (one_digit(value), 0)


def test_a_rule_may_do_without_its_point():
    pointed = parse("""
def p(w, g, x=copy_w, *, lr=0.1):
    x = interp(w - lr * g, x, 0.9)
    return lr * g, x
""")
    gone = applied(pointed, [AtParameters()])
    assert gone is not None and same(gone, "def p(w, g, *, lr=0.1):\n    return lr * g")
    assert same(texts(pointed)["no point of evaluation"], str(gone))
    assert place_of(AtParameters()) is None
    read = parse("""
def p(w, g, x=copy_w, *, lr=0.1):
    x = interp(w - lr * g, x, 0.9)
    return lr * (g + x), x
""")
    assert texts(read)["no point of evaluation"].slots
    assert "no point of evaluation" not in texts(RULE)
