"""`stepsmith nearest`."""

import json

import pytest

from dsl.behaviour.nearest import nearest
from dsl.zoo import ZOO
from tests.support.commands import refused, run

MINE = """
def mine(w, g, t, m=zeros, v=zeros, *, lr=0.1, b1=0.95, b2=0.9):
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    return lr * m / (1 - b1 ** t) / (sqrt(v / (1 - b2 ** t)) + 1e-8)
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.rule"
    path.write_text(MINE)
    return path


def test_a_known_rule_with_other_constants_reads_well(mine, snapshot):
    assert run("nearest", mine, "--count", "4") == (0, snapshot, "")


def test_a_rule_like_no_other_reads_well(tmp_path, snapshot):
    rule = tmp_path / "own.rule"
    rule.write_text(
        "def own(w, g, loss, *, lr=0.1):\n    return lr * loss * g / (norm(g) + sum(g))"
    )
    assert run("nearest", rule, "-n", "3") == (0, snapshot, "")


def test_a_rule_without_finite_steps_is_told_so(tmp_path, snapshot):
    rule = tmp_path / "lost.rule"
    rule.write_text("def lost(w, g):\n    return g / (g - g)")
    assert run("nearest", rule, "-n", "1") == (0, snapshot, "")


def test_all_of_it_is_there_as_data(mine):
    facts = json.loads(run("nearest", mine, "--json", "--count", 7)[1])
    assert facts["rule"] == "mine" and facts["known_as"] == "adam with other constants"
    assert len(facts["neighbours"]) == 7
    kin = [each["name"] for each in facts["neighbours"] if each["same_family"]]
    assert "adam" in kin and not any(each["same_behaviour"] for each in facts["neighbours"])
    assert facts["traits"]["memory"] == 2 and facts["traits"]["reads"] == ["g", "t"]


def test_ten_are_listed_unless_it_is_said_otherwise():
    facts = json.loads(run("nearest", "lion", "--json")[1])
    assert facts["neighbours"] == [each.to_json() for each in nearest(ZOO["lion"], 10)]
    every = json.loads(run("nearest", "lion", "--json", "--count", 1000)[1])
    assert len(every["neighbours"]) == len(ZOO)


def test_wrong_usage_is_refused(tmp_path):
    assert "did you mean 'lion'?" in refused("nearest", "lio")
    assert "cannot read" in refused("nearest", tmp_path / "none.rule")
    assert "--count" in refused("nearest", "lion", "--count", "0")
    assert "RULE" in refused("nearest")
