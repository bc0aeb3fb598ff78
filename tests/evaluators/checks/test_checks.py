"""The free checks let known rules pass, and say whom they refuse."""

import numpy as np
import pytest
from hypothesis import given, settings

from dsl import parse
from dsl.zoo import ZOO
from evaluators.checks import CHECKS, CheckEvidence, descend, refused_by
from evaluators.checks.descent import BEYOND, SHAPES, SIZE, STEPS
from evaluators.evaluation import Outcome
from tests.support.strategies import programs

EXOTIC = {
    "consensus_based_optimization": ("direction", "its members drift and ask no gradient"),
    "riemannian_adam_poincare": ("descent", "its weights live in the unit ball, these do not"),
    "riemannian_amsgrad_poincare": ("descent", "its weights live in the unit ball, these do not"),
    "sa_sgld": ("descent", "its noise is far above its step on so small a problem"),
    "sophia_g": ("direction", "its curvature comes from labels it draws, mostly noise at first"),
}
"""Rules of the zoo that a check refuses, and why."""


@pytest.mark.parametrize("name", sorted(ZOO))
def test_the_rules_of_the_zoo_pass_but_for_the_exotic(name):
    refused = refused_by(ZOO[name])
    assert (refused and refused.name) == (EXOTIC[name][0] if name in EXOTIC else None)


def test_a_check_has_a_name_an_outcome_and_words():
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert len({check.outcome for check in CHECKS}) == len(CHECKS)
    assert all(len(check.refuses.split()) > 4 for check in CHECKS)
    assert Outcome.OK not in {check.outcome for check in CHECKS}
    assert not any(check.outcome.alarm for check in CHECKS)


REFUSED = {
    "gradient": "lr * w",
    "finite": "lr * g / abs(g)",
    "motion": "1e-10 * g",
    "signs": "lr * abs(g)",
    "stays": "1e3 * g",
    "descent": "-lr * g",
    "lasting": "when(t > T, w - z, lr * g)",
    "direction": "lr * loss * normal(0) / 100",
}
RULE = "def rule(w, g, t, T, loss, z=copy_w, *, lr=0.01):\n    return {}"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_every_check_has_somebody_to_refuse(check):
    program = parse(RULE.format(REFUSED[check.name]))
    refused = refused_by(program)
    assert refused is check
    others = [other for other in CHECKS if other is not check]
    assert refused_by(program, others) is not check


def test_checks_are_chosen_by_who_asks():
    program = parse(RULE.format(REFUSED["direction"]))
    assert refused_by(program, [c for c in CHECKS if c.name != "direction"]) is None
    assert refused_by(program, ()) is None


@given(programs())
@settings(max_examples=60)
def test_no_program_breaks_the_checks_and_the_answer_is_the_same_twice(program):
    assert refused_by(program) is refused_by(program)


# The quadratic.


def test_a_step_of_newton_ends_at_the_minimum():
    for rule in ("hessian_solve(g, 0)", "abs_hessian_solve(g, 0)"):
        run = descend(parse(f"def newton(w, g):\n    return {rule}"))
        assert run.losses[1] < 1e-20 * run.begun
    assert len(run.losses) == STEPS + BEYOND + 1


def test_gradient_descent_does_what_theory_says():
    """Each eigendirection shrinks by 1 - rate * eigenvalue: none faster than the sharpest."""
    plain = parse("def plain(w, g, *, lr=0.5):\n    return lr * g")
    run = descend(plain)
    assert run.losses[1] < run.begun and np.all(np.diff(run.losses) <= 0)
    assert run.agreement == pytest.approx(1)
    assert not np.isfinite(descend(plain, 300.0).ended)
    assert not descend(plain, 1.2).descended


@pytest.mark.parametrize("factor", [0.01, -0.01])
def test_shrinking_and_growing_the_weights_both_lead_uphill(factor):
    run = descend(parse("def scale(w, g, *, lr=1):\n    return lr * w"), factor)
    assert run.ended > run.begun


ORACLES = {
    "grad_at(w)": "g",
    "hvp(g)": "1e6 * (grad_at(w + 1e-6 * g) - g)",
    "jvp(g) * w": "global_dot(g, g) * w",
    "loss_at(w) * w": "loss * w",
    "clipped_grad(1e9)": "g",
    "hessian_solve(hvp(w) + 0.5 * w, 0.5)": "w",
    "gauss_newton_solve(hvp(w) + 0.5 * w, 0.5)": "w",
    "gauss_newton_solve(gauss_newton_product(w) + 0.5 * w, 0.5)": "w",
    "conjugate_gradients(hvp(w), 1, 1e-12, 100, 1)": "w",
    "full_grad_at(w)": "g",
    "(part_grad_at(w, 0, 2) + part_grad_at(w, 1, 2)) / 2": "g",
    "coordinate_differences(1, 1e-3)": "g + 5e-4 * hessian_diagonal_at(w)",
    "third_derivative(g, w) + g": "g",
}


@pytest.mark.parametrize("oracle", ORACLES)
@pytest.mark.parametrize("apart", ["", " + 0 * norm(g)"])
def test_the_oracles_agree_with_the_gradient(oracle, apart):
    header = "def rule(w, g, loss, *, lr=0.01):\n    return lr * ({})"
    one, other = (descend(parse(header.format(text + apart))) for text in (oracle, ORACLES[oracle]))
    np.testing.assert_allclose(one.losses, other.losses, rtol=1e-6)


def test_the_shapes_are_those_of_its_size():
    assert sum(int(np.prod(shape)) for shape in SHAPES) == SIZE


def test_rules_see_the_shapes_only_if_they_ask():
    for text in ("g", "g + 0 * norm(g)"):
        run = descend(parse(f"def rule(w, g, *, lr=0.1):\n    return lr * ({text})"))
        assert run.moves.shape == (STEPS + BEYOND, SIZE)
        assert run.ended == pytest.approx(
            descend(parse("def rule(w, g, *, lr=0.1):\n    return lr * g")).ended, rel=1e-12
        )


def test_evidence_tries_rates_until_one_leads_down():
    wild = parse("def wild(w, g, *, lr=30):\n    return lr * g")
    runs = CheckEvidence(wild).descents
    assert [run.descended for run in runs] == [False] * (len(runs) - 1) + [True]
    assert len(runs) > 1
    assert len(CheckEvidence(parse("def mild(w, g, *, lr=0.1):\n    return lr * g")).descents) == 1
    assert len(CheckEvidence(parse("def none(w, g):\n    return 30 * g")).descents) == 1
