"""Workers that run a program on their own."""

import numpy as np
import pytest
from hypothesis import assume, given, settings

from dsl import PRIMITIVES, DslError, Program, parse
from dsl.combine import local_steps, substitute
from dsl.errors import UnknownName
from dsl.rewrite.point import point_of
from dsl.run.fingerprint import respond
from dsl.zoo import ZOO
from tests.support.strategies import programs

OWN = [p.name for p in PRIMITIVES.values() if not p.oracle]
"""Primitives that a worker may ask."""

WHOLE = parse("def whole(w):\n    return grad_at(w)")


@pytest.mark.parametrize("name", ["sgd", "nesterov", "adamw", "adan", "lion"])
@pytest.mark.parametrize("period", [1, 3])
def test_one_worker_runs_the_program(name: str, period: int):
    base = substitute(ZOO[name], "g", WHOLE)
    made = local_steps(base, workers=1, period=period)
    np.testing.assert_allclose(respond(made), respond(base), rtol=1e-9, atol=1e-12)


@given(programs(primitives=OWN))
@settings(max_examples=60)
def test_any_program_without_oracles_can_be_run_by_workers(program: Program):
    assume("loss" not in program.inputs and point_of(program) is None)
    made = local_steps(program, workers=2)
    assert parse(str(made)) == made
    assert len(made.slots) == 2 * (len(program.slots) + 1)
    own = list(program.hyperparameters)
    assert list(made.hyperparameters)[: len(own)] == own


def test_workers_that_always_meet_are_one_with_the_mean_gradient():
    made = local_steps(ZOO["sgd"], workers=2, period=1)
    whole = substitute(ZOO["sgd"], "g", WHOLE)
    np.testing.assert_allclose(respond(made), respond(whole), rtol=1e-9, atol=1e-12)
    apart = local_steps(ZOO["sgd"].with_hyperparameters(lr=0.1), workers=2, period=5)
    together = apart.with_hyperparameters(period=1)
    assert np.max(np.abs(respond(apart) - respond(together))) > 1e-6


def test_workers_draw_apart_and_in_common_once():
    noisy = parse(
        "def rule(w, g, t, d=zeros, m=zeros):\n"
        "    d = interp(square(hvp(g)), d, 0.9)\n"
        "    m = interp(g * normal(1), m, 0.9)\n"
        "    return m / (sqrt(d) + 1) + rademacher(0)"
    )
    text = str(local_steps(noisy, workers=3, common={"d"}))
    assert text.count("hvp(") == 1 and text.count("sqrt(d)") == 3
    assert [text.count(f"normal({stream})") for stream in range(7)] == [0, 1, 0, 1, 0, 1, 0]
    assert [text.count(f"rademacher({stream})") for stream in range(6)] == [1, 0, 1, 0, 1, 0]
    assert "d=zeros, point_1=copy_w, m_1=zeros, point_2=copy_w, m_2=zeros" in text


def test_other_points_are_those_of_a_worker_and_a_period_is_the_programs_own():
    ahead = parse("def rule(w, g, *, period=3):\n    return g + grad_at(w - period * g)")
    made = local_steps(ahead, workers=2, period=7)
    assert made.hyperparameters == {"period": 3}
    text = str(made)
    assert "x2 = part_grad_at(point_2, 1, 2)" in text
    assert "part_grad_at(point_2 - period * x2, 1, 2)" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def rule(w, g):\n    return hvp(g)", "asks for what only the whole batch has"),
        ("def rule(w, g, loss):\n    return loss * g", "asks for what only the whole batch has"),
        ("def rule(w, g, t):\n    return g + normal(t)", "computes the number of a stream"),
        ("def rule(w, g, d=zeros, m=zeros):\n    d = d + m\n    return d", "computed from 'm'"),
        ("def rule(w, g, d=zeros, m=zeros):\n    d = m\n    return d", "computed from 'm'"),
    ],
)
def test_what_workers_cannot_do_is_refused(text: str, message: str):
    program = parse(text)
    with pytest.raises(DslError, match=message):
        local_steps(program, common={"d"} & {*program.slots})
    with pytest.raises(UnknownName, match="'sgd' has no slot 'm'"):
        local_steps(ZOO["sgd"], common={"m"})
