"""`stepsmith simplify` with its levels, its chain and its data."""

import json

import pytest

from dsl import parse
from dsl.simplifier.replay import first_gap
from tests.support.commands import run

TEXT = """
def noisy(w, g, m=zeros, *, lr=0.1, b1=0.9):
    m = interp(g, m, b1)
    u = m * lr / sqrt(m * m)
    return u + 0
"""


@pytest.fixture
def rule(tmp_path) -> str:
    path = tmp_path / "noisy.rule"
    path.write_text(TEXT)
    return str(path)


def test_levels_differ_in_what_they_may_use(rule):
    exact, finite = (run("simplify", rule, "--level", each) for each in ("exact", "finite"))
    assert (exact[0], finite[0]) == (0, 0)
    assert run("simplify", rule) == exact and "sqrt(square(m))" in exact[1]
    assert "u = lr * sign(m)" in finite[1]
    assert finite[2].startswith("Removed: ") and "of 6 statements" in finite[2]


def test_the_chain_starts_and_ends_with_a_rule(rule):
    status, out, _ = run("simplify", rule, "--level", "finite", "--explain")
    assert status == 0 and out.startswith("def noisy(") and "  1. " in out
    first, *_, last = out.split("\n\n")
    assert parse(first) == parse(TEXT)
    assert parse(last) == parse(run("simplify", rule, "--level", "finite")[1])
    assert "the root of a square: sqrt(square(m)) => abs(m)" in out


def test_conditions_that_were_not_shown_are_told(tmp_path):
    path = tmp_path / "signs.rule"
    path.write_text("def signs(w, g, *, lr=0.1):\n    return sign(lr * g)\n")
    out = run("simplify", path, "--level", "finite", "--explain")[1]
    assert "Not shown, but so at the defaults: lr > 0" in out


def test_the_data_has_the_chain(rule):
    facts = json.loads(run("simplify", rule, "--level", "finite", "--explain", "--json")[1])
    assert facts["level"] == "finite" and facts["refused"] is None
    assert facts["before"]["statements"] > facts["after"]["statements"]
    assert facts["chain"][-1]["text"] == facts["text"]
    assert {"law", "equation", "before", "after", "assumed", "text"} == facts["chain"][0].keys()
    plain = json.loads(run("simplify", rule, "--json")[1])
    assert "chain" not in plain and plain["level"] == "exact"


def test_a_level_that_is_none_is_refused(rule):
    status, _, err = run("simplify", rule, "--level", "half")
    assert status == 2 and "half" in err


def test_a_replayed_chain_ends_where_the_command_does(rule):
    from dsl.language.registry import Domain
    from dsl.simplifier import simplified

    program = parse(TEXT)
    found = simplified(program, Domain.FINITE, explain=True)
    assert first_gap(program, found.chain, Domain.FINITE) is None
    assert str(found.program) in run("simplify", rule, "--level", "finite")[1]
