"""Behaviour as a key: what counts as the same, and what does not."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings

from dsl import canonical, fingerprint, parse
from dsl.language.kinds import Kind, plain
from dsl.language.registry import PRIMITIVES, Scope, primitive
from dsl.program import Name
from dsl.rewrite.point import keeping_point, point_of
from dsl.run.bound import LaidOutOtherwise
from dsl.run.fingerprint import (
    Probe,
    bound_path,
    depends_on_gradient,
    evaluated,
    interpreted_path,
    respond,
    sees_shapes,
)
from dsl.zoo import ZOO
from tests.support.strategies import programs

ADAM = """
def adam(w, g, t, m=zeros, v=zeros, *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.01):
    {coupled}
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    m1 = m / (1 - b1 ** t)
    v1 = v / (1 - b2 ** t)
    return lr * (m1 / {root} + {decoupled})
"""


def adam(root="(sqrt(v1) + eps)", coupled="g = g", decoupled="wd * w"):
    return parse(ADAM.format(root=root, coupled=coupled, decoupled=decoupled))


DIFFERENT = {
    "adamw": adam(),
    "eps inside the root": adam("sqrt(v1 + eps)"),
    "no eps": adam("sqrt(v1)"),
    "eps before the correction": adam("(sqrt(v) + eps) * sqrt(1 - b2 ** t)"),
    "coupled decay": adam(coupled="g = g + wd * w", decoupled="0"),
    "no decay": adam(decoupled="0"),
    "decay of the gradient": adam(decoupled="wd * g"),
    "other constant": adam().with_hyperparameters(b2=0.998),
    "other rate": adam().with_hyperparameters(lr=1.001e-3),
    "zero where the gradient is zero": parse("def rule(w, g):\n    return sign(g)"),
    "not a number where it is": parse("def rule(w, g):\n    return g / abs(g)"),
    "momentum before": parse("def rule(w, g, m=zeros):\n    u = m\n    m = m + g\n    return u"),
    "momentum after": parse("def rule(w, g, m=zeros):\n    m = m + g\n    return m"),
    "per tensor": parse("def rule(w, g):\n    return g / norm(g)"),
    "over the model": parse("def rule(w, g):\n    return g / global_norm(g)"),
    "refreshed on even steps": parse(
        "def rule(w, g, t, m=zeros):\n    m = when(every(t, 2, 0), g, m)\n    return m"
    ),
    "refreshed on odd steps": parse(
        "def rule(w, g, t, m=zeros):\n    m = when(every(t, 2, 1), g, m)\n    return m"
    ),
    "signs": parse("def rule(w, g):\n    return g * rademacher(0)"),
    "other signs": parse("def rule(w, g):\n    return g * rademacher(1)"),
    "curvature": parse("def rule(w, g):\n    return hvp(g)"),
    "curvature by entry": parse("def rule(w, g):\n    return g * hessian_diagonal_at(w)"),
    "slope": parse("def rule(w, g):\n    return g * jvp(g)"),
    "curvature of slope": parse("def rule(w, g):\n    return third_derivative(g, g)"),
    "here": parse("def rule(w, g):\n    return grad_at(w)"),
    "over all data": parse("def rule(w, g):\n    return full_grad_at(w)"),
    "by differences": parse("def rule(w, g):\n    return coordinate_differences(1, 0.1)"),
    "of some entries": parse("def rule(w, g):\n    return coordinate_differences(w > 0, 0.1)"),
    "Newton": parse("def rule(w, g):\n    return hessian_solve(g, 1)"),
    "Gauss-Newton": parse("def rule(w, g):\n    return gauss_newton_solve(g, 1)"),
    "examples": parse("def rule(w, g):\n    return clipped_grad(0.5)"),
    "examples, looser": parse("def rule(w, g):\n    return clipped_grad(2)"),
    "part of the examples": parse("def rule(w, g):\n    return part_grad_at(w, 0, 2)"),
    "the other part": parse("def rule(w, g):\n    return part_grad_at(w, 1, 2)"),
    "labels": parse("def rule(w, g):\n    return sampled_grad(0)"),
    "other labels": parse("def rule(w, g):\n    return sampled_grad(1)"),
}


def test_programs_that_behave_differently_have_different_fingerprints():
    prints = {name: fingerprint(program) for name, program in DIFFERENT.items()}
    for one, other in itertools.combinations(prints, 2):
        assert prints[one] != prints[other], f"{one} = {other}"


SAME = [
    ("lr * (g + wd * w)", "lr * g + lr * wd * w"),
    ("lr * g / sqrt(square(g))", "lr * g / abs(g)"),
    ("lr * interp(g, w, wd)", "lr * (g + wd * (w - g))"),
    ("lr * (g - w) + lr * w", "lr * g"),
    ("g - (w + g) + w", "0"),
    ("0.5 * lr * sign(g)", "0.1 * lr * 5 * sign(g)"),
    ("lr * exp(log_abs(g)) * sign(g)", "lr * g"),
    ("t * lr * g / 3", "g * (t / 3) * lr"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_rounding_does_not_reach_the_fingerprint(one, other):
    prints = {
        fingerprint(parse(f"def rule(w, g, t, *, lr={lr}, wd=0.1):\n    return {expression}"))
        for lr, expression in itertools.product((0.1, 0.123456), (one, other))
    }
    assert len(prints) == (1 if other == "0" else 2)


def test_the_last_bit_of_a_round_number_does_not_reach_the_fingerprint():
    for digits in range(1000, 1100):
        rate = float(f"{digits}005e-9")  # the seventh digit is a 5 with nothing behind it
        near = [rate, math.nextafter(rate, 0), math.nextafter(rate, 1)]
        rule = parse("def rule(w, g, *, lr=1):\n    return lr * sign(g)")
        assert len({fingerprint(rule.with_hyperparameters(lr=lr)) for lr in near}) == 1


def test_some_gradients_are_small_enough_to_show_an_eps():
    with_eps, without = respond(DIFFERENT["adamw"]), respond(DIFFERENT["no eps"])
    assert np.max(np.abs(with_eps / without - 1)) > 1e-5


def test_names_do_not_take_part_and_hyperparameters_do_by_their_value():
    one = parse("def a(w, g, m=zeros, *, lr=0.1):\n    m = m + g\n    return lr * m")
    other = parse("def b(w, g, q=zeros):\n    u = q + g\n    q = u\n    return u * 0.1")
    assert fingerprint(one) == fingerprint(other)
    assert fingerprint(one.with_hyperparameters(lr=0.2)) != fingerprint(other)


@given(programs())
@settings(max_examples=60)
def test_a_response_is_repeatable_and_never_raises(program):
    first, second = respond(program), respond(program)
    np.testing.assert_array_equal(first, second)
    assert first.dtype == np.float64 and first.ndim == 2
    assert len(fingerprint(program)) == 16
    assert depends_on_gradient(program) in (True, False)


def test_a_blow_up_at_the_end_does_not_hide_the_beginning():
    one = parse("def rule(w, g, t):\n    return g * 2 + t ** 250 / 1e250")
    other = parse("def rule(w, g, t):\n    return g * 3 + t ** 250 / 1e250")
    assert fingerprint(one) != fingerprint(other)


WITHOUT_GRADIENT = [
    "0",
    "0.001",
    "w * 0.01",
    "g - g",
    "g * 0",
    "g - (g + w) + w",
    "(g + w) - g",
    "g / g",
    "sign(square(g) + 1) * w",
    "normal(0) * w",
    "lr * sin(w) / t",
    "where(0, g, w)",
    "when(t > 1000, g, w)",
]
WITH_GRADIENT = [
    "g",
    "1e-9 * sign(g)",
    "w + 1e-6 * g",
    "m",
    "grad_at(w)",
    "hvp(w)",
    "hessian_solve(w, 1)",
    "hessian_diagonal_at(w)",
    "abs_hessian_solve(w, 1)",
    "gauss_newton_solve(w, 1)",
    "gauss_newton_product(w)",
    "line_search(w, 4, 1, 0.97, 90) * w",
    "conjugate_gradients(w, 1, 1e-6, 2, 1)",
    "third_derivative(w, 1) * loss_at(0 * w + 1)",
    "coordinate_differences(1, 0.1)",
    "full_grad_at(w)",
    "loss_at(w) * w",
    "jvp(w) * w",
    "clipped_grad(0.1)",
    "part_grad_at(w, 0, 2)",
    "sampled_grad(0)",
    "normal(0) * global_norm(g)",
    "when(t > 10, g, w)",
    "loss * w",
]
RULE = "def rule(w, g, t, loss, m=first_g, *, lr=0.1):\n    dead = g * m\n    return {}"


@pytest.mark.parametrize("expression", WITHOUT_GRADIENT)
def test_a_rule_that_does_not_ask_the_data_is_found_out(expression):
    assert not depends_on_gradient(parse(RULE.format(expression)))


def test_of_a_rule_that_only_says_nan_nothing_is_known():
    assert depends_on_gradient(parse(RULE.format("log(-1 - square(g))")))


@pytest.mark.parametrize("expression", WITH_GRADIENT)
def test_a_rule_that_asks_the_data_is_known(expression):
    assert depends_on_gradient(parse(RULE.format(expression)))


def test_the_rules_of_the_zoo_ask_the_data():
    assert all(map(depends_on_gradient, ZOO.values()))


@pytest.mark.parametrize("initialiser", ["zeros", "first_g"])
def test_a_slot_may_carry_the_gradient_from_step_to_step(initialiser):
    text = "def rule(w, g, a=zeros, b={}):\n    x = a\n    a = b\n    b = g\n    return x"
    program = parse(text.format(initialiser))
    assert tuple(program.next_values.values()) == (Name("b"), Name("g"))
    assert depends_on_gradient(program)


def interpreted(program, stream=0):
    with np.errstate(all="ignore"):
        kept = keeping_point(program)
        moves, points = interpreted_path(kept, Probe(stream, not sees_shapes(program)))
    return moves if points is None else np.hstack([moves, points])


BINDING = [
    name
    for name, each in PRIMITIVES.items()
    if each.signature.elementwise
    or each.scope is not Scope.LEAF
    or (plain(each.signature.result) and each.signature.result is not Kind.TENSOR)
]


@given(programs(primitives=BINDING))
@settings(max_examples=150)
def test_the_response_is_that_of_the_interpreter(program):
    np.testing.assert_array_equal(seen(program, 0), interpreted(program))


@given(programs())
@settings(max_examples=50)
def test_the_response_of_any_program_is_that_of_the_interpreter(program):
    np.testing.assert_array_equal(seen(program, 1), interpreted(program, 1))


def seen(program, stream):
    moves = respond(program, stream)
    if point_of(program) is None:
        return moves
    return np.hstack([moves, evaluated(program, stream)])


def bound(program):
    with np.errstate(all="ignore"):
        moves, points = bound_path(keeping_point(program), Probe(0, not sees_shapes(program)))
    return moves if points is None else np.hstack([moves, points])


BOUND = ("adafactor", "adamw", "lamb", "lion", "muon", "nadam", "prodigy", "sgd", "sm3")


@pytest.mark.parametrize("rule", BOUND)
def test_a_rule_as_a_search_breeds_them_is_bound_and_steps_as_the_interpreter_says(rule):
    rule = canonical(ZOO[rule])
    np.testing.assert_array_equal(bound(rule), interpreted(rule))


def test_a_choice_takes_its_branch_where_a_program_is_bound():
    program = parse(
        "def rule(w, g, t, m=zeros, s=scalar(1), n=number(2), *, lr=0.1):\n"
        "    m = when(every(t, 3, 1), interp(g, m, 0.9), m)\n"
        "    s = when(n > 2, norm(m), s)\n"
        "    n = when(t > 5, n * 1.1, global_norm(m))\n"
        "    return lr * (m / s + n * normal(1))"
    )
    program = canonical(program)
    np.testing.assert_array_equal(bound(program), interpreted(program))


def test_a_tensor_that_lies_otherwise_in_memory_is_left_to_the_interpreter():
    text = "def rule(w, g, t, m=zeros):\n    m = when(t > 3, {}, m)\n    return g + norm(m) * m"
    program = canonical(parse(text.format("block_mean(g)")))
    with pytest.raises(LaidOutOtherwise):
        bound(program)
    np.testing.assert_array_equal(seen(program, 0), interpreted(program))


def test_a_response_is_remembered_and_cannot_be_changed():
    assert respond(ZOO["sgd"]) is respond(ZOO["sgd"])
    with pytest.raises(ValueError, match="read-only"):
        respond(ZOO["sgd"])[0, 0] = 1.0


@pytest.mark.parametrize("made", [np.int64, np.float32, np.bool_])
def test_a_number_of_another_type_is_read_as_the_number_that_it_is(made):
    @primitive("Tensor -> Global", torch="0", latex="{x}", scope=Scope.MODEL)
    def count_of(xp, x):
        """The entries that are not small, in a type of its own."""
        return xp.asarray(sum(xp.sum(abs(a) > 0.5) for a in x)).astype(made)

    try:
        program = canonical(parse("def rule(w, g):\n    return g / (2 + sqrt(count_of(g)))"))
        np.testing.assert_array_equal(bound(program), interpreted(program))
    finally:
        del PRIMITIVES["count_of"]
