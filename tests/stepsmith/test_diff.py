"""`stepsmith diff`: the lines that separate two rules, and where their steps part."""

import json

import numpy as np
import pytest

from dsl import parse
from dsl.behaviour.difference import difference
from dsl.behaviour.probe import everyday, steps
from dsl.zoo import ZOO
from stepsmith.cli.diff import relation, told
from tests.support.commands import run


def changed(one, other) -> list[str]:
    return [f"{line.mark} {line.text}" for line in difference(one, other).lines if line.mark != " "]


def test_a_rule_and_itself_differ_in_nothing():
    text = "def rule(w, g, a=zeros, *, lr=1e-4, b1=0.9, b2=0.99, wd=0):\n"
    text += "    x = interp(g, a, b1)\n    y = 0 * g\n    a = interp(g, a, b2)\n"
    text += "    return lr * (wd * w + sign(x))"
    found = difference(ZOO["lion"], parse(text))
    assert found.same_program and found.behaviour.part is None and found.behaviour.distance == 0
    assert all(line.mark == " " for line in found.lines)


def test_names_of_hyperparameters_are_no_numbers():
    head, body = "def rule(w, g, m=zeros, *, {}):\n    m = interp(g, m, {})\n    ", "return {} * m"
    one = parse(head.format("lr=0.1, b1=0.9", "b1") + body.format("lr"))
    other = parse(head.format("lr=0.1, a=0.9", "a") + body.format("lr"))
    assert relation(difference(one, one)) == "the same program"
    assert relation(difference(one, other)).endswith("but for the names of its numbers")
    swapped = parse(head.format("lr=0.9, a=0.1", "a") + body.format("lr"))
    assert relation(difference(one, swapped)) == "they differ in numbers alone"


def test_one_changed_statement_is_one_changed_line():
    text = str(ZOO["lion"]).replace("sign(", "tanh(")
    assert changed(ZOO["lion"], parse(text)) == ["- x2 = sign(x1)", "+ x2 = tanh(x1)"]


def test_numbers_alone_make_no_other_family():
    found = difference(ZOO["lion"], ZOO["lion"].with_hyperparameters(b1=0.8))
    assert not found.same_program and found.same_family
    runs = (steps(ZOO["lion"].with_hyperparameters(b1=b1), everyday()) for b1 in (0.9, 0.8))
    apart = np.any(np.subtract(*runs) != 0, axis=1)
    assert found.behaviour.part == found.behaviour.turn == int(np.argmax(apart)) + 1
    assert changed(ZOO["lion"], ZOO["lion"].with_hyperparameters(b1=0.8)) == [
        "- hyperparameter b1 = 0.9",
        "+ hyperparameter b1 = 0.8",
    ]


def test_a_rate_shows_in_lengths_alone():
    found = difference(ZOO["signsgd"], ZOO["signsgd"].with_hyperparameters(lr=0.5))
    ratio = 0.5 / ZOO["signsgd"].hyperparameters["lr"]
    assert found.behaviour.turn is None and found.behaviour.part == 1
    assert found.behaviour.ratio == pytest.approx([ratio] * len(found.behaviour.ratio))


def test_the_first_step_apart_is_the_first_that_differs():
    late = "def rule(w, g, t, *, lr=0.1):\n    return lr * where(t > 9, {}, g)"
    one, other = parse(late.format("g")), parse(late.format("sign(g)"))
    found = difference(one, other).behaviour
    assert found.part == found.turn == 10
    x, y = steps(one, everyday())[12], steps(other, everyday())[12]
    cosine = x @ y / np.linalg.norm(x) / np.linalg.norm(y)
    assert found.cosine[12] == pytest.approx(cosine)
    assert found.ratio[12] == pytest.approx(np.linalg.norm(y) / np.linalg.norm(x))


def test_steps_that_are_not_finite_have_no_angle():
    found = difference(parse("def a(w, g):\n    return g / 0"), ZOO["sgd"])
    assert found.behaviour.cosine == (None,) * len(found.behaviour.cosine)
    assert found.behaviour.part == 1


def test_entries_that_are_not_finite_are_left_out_and_counted():
    head = "def rule(w, g, *, lr=0.1):\n    return lr * "
    one, other = parse(head + "(g / abs(g))"), parse(head + "(2 * sign(g))")
    found = difference(one, other).behaviour
    apart = [np.isfinite(x) for x in steps(one, everyday())]
    assert 0 < found.left_out == pytest.approx(1 - np.mean(apart))
    assert found.ratio == pytest.approx([2.0] * len(found.ratio))
    assert found.part == 1
    assert found.turn is None
    assert "Left out: " in "\n".join(told(found))


def test_the_command_tells_both():
    status, out, _ = run("diff", "adamw", "lion")
    assert status == 0 and out.startswith("adamw (-) and lion (+): two different programs")
    assert "\n- slot" in out and "\nDirections: " in out
    status, out, _ = run("diff", "lion", "lion")
    assert status == 0 and "the same program" in out and "The same steps on all 32" in out


def test_the_command_gives_data():
    status, out, _ = run("diff", "adamw", "nadamw", "--json")
    facts = json.loads(out)
    assert status == 0 and facts["rules"] == ["adamw", "nadamw"] and not facts["same_program"]
    assert len(facts["behaviour"]["cosine"]) == 32 and facts["behaviour"]["first_step_apart"] >= 1
