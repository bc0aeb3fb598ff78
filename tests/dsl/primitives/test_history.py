"""Histories of a tensor: what is kept, what is solved with it, and that lengths do not mix."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dsl import Program, canonical, parse, simplify, to_optax
from dsl.errors import KindError
from dsl.export import to_latex
from dsl.language.kinds import KINDS, Kind, join, lifts
from dsl.language.registry import Domain
from dsl.primitives.history import HISTORY
from dsl.primitives.populations import COEFFICIENTS, POPULATION
from dsl.run.fingerprint import fingerprint
from dsl.run.interpret import run_step
from dsl.run.values import initial
from dsl.zoo import ENTRIES, ZOO
from tests.support.everyday import SAMPLE, each
from tests.support.running import PolynomialStep

pytestmark = pytest.mark.lightly_compiled

SHAPES = ((), (3,), (3, 4), (2, 1, 3))
RNG = np.random.default_rng(8)
STREAM = [[np.asarray(RNG.normal(size=shape)) for shape in SHAPES] for _ in range(6)]
FLAT = np.array([np.concatenate([leaf.ravel() for leaf in g]) for g in STREAM])


def after(program: Program, stream=STREAM, xp=np):
    """The steps that are subtracted, and the slots after the last, where the parameters stay 0."""
    w = [np.zeros_like(leaf) for leaf in stream[0]]
    slots, moves = {name: initial(init, w, xp) for name, init in program.slots.items()}, []
    for t, g in enumerate(stream):
        inputs = {"w": w, "g": g, "t": np.float64(t + 1), **program.hyperparameters}
        move, slots = run_step(program, inputs, slots, PolynomialStep(t, w), xp)
        moves.append(move)
    return moves, slots


def returned(text: str, length: int = 3):
    """The last step of a rule with a history of all gradients."""
    return after(parse(f"def rule(w, g, t, h=history({length})):\n    h = push(h, g)\n{text}"))[0][
        -1
    ]


def test_the_newest_member_comes_first_and_the_oldest_goes():
    program = parse("def rule(w, g, h=history(4)):\n    h = push(h, g)\n    return w")
    for steps in (1, 3, 6):
        held = after(program, STREAM[:steps])[1]["h"]
        for at, leaf in enumerate(held):
            members = [g[at] for g in STREAM[:steps][::-1][:4]]
            members += [np.zeros_like(leaf[0])] * (4 - len(members))
            np.testing.assert_array_equal(leaf, np.stack(members))


def test_members_are_counted_back_from_the_newest():
    newest = returned("    return weighted_sum(h, equal(place(h), 0))")
    oldest = returned("    return weighted_sum(h, place(h) > 1)")
    mean = returned("    return weighted_mean(h, place(h) < t - 4)")
    for at in range(len(SHAPES)):
        np.testing.assert_allclose(newest[at], STREAM[5][at], rtol=1e-15)
        np.testing.assert_allclose(oldest[at], STREAM[3][at], rtol=1e-15)
        np.testing.assert_allclose(mean[at], (STREAM[5][at] + STREAM[4][at]) / 2, rtol=1e-15)


def test_inner_products_are_per_tensor_or_over_the_model():
    own = returned("    return weighted_sum(h, member_dot(h, g))")
    for at, leaf in enumerate(own):
        members = [STREAM[step][at] for step in (5, 4, 3)]
        wanted = sum(np.vdot(m, STREAM[5][at]) * m for m in members)
        np.testing.assert_allclose(leaf, wanted, rtol=1e-13)
    whole = returned("    return weighted_sum(h, global_member_dot(h, g))")
    met = np.concatenate([leaf.ravel() for leaf in whole])
    np.testing.assert_allclose(met, FLAT[3:].T @ FLAT[3:] @ FLAT[5], rtol=1e-13)


def test_a_system_of_the_size_of_the_history_inverts_a_sum_of_outer_products():
    own = returned("    return (g - weighted_sum(h, gram_solve(h, member_dot(h, g), 0.5))) / 0.5")
    for at, leaf in enumerate(own):
        rows = np.stack([STREAM[step][at].ravel() for step in (3, 4, 5)])
        wanted = np.linalg.solve(rows.T @ rows + 0.5 * np.eye(leaf.size), STREAM[5][at].ravel())
        np.testing.assert_allclose(leaf.ravel(), wanted, rtol=1e-10)
    whole = returned(
        "    c = global_gram_solve(h, global_member_dot(h, g), 0.5)\n"
        "    return (g - weighted_sum(h, c)) / 0.5"
    )
    met = np.concatenate([leaf.ravel() for leaf in whole])
    matrix = FLAT[3:].T @ FLAT[3:] + 0.5 * np.eye(FLAT.shape[1])
    np.testing.assert_allclose(met, np.linalg.solve(matrix, FLAT[5]), rtol=1e-10)


def test_a_history_is_a_population_with_an_order():
    """Values with members take it: arithmetic, losses, inner products, sums."""
    spread = returned("    return weighted_sum(h - g, place(h))")
    best = returned("    return weighted_sum(h, softmax(-1e9 * losses_at(h)))")
    for at in range(len(SHAPES)):
        members = [STREAM[step][at] - STREAM[5][at] for step in (4, 3)]
        np.testing.assert_allclose(spread[at], members[0] + 2 * members[1], rtol=1e-14)
    function = PolynomialStep(0, STREAM[0])
    losses = [function.loss_at(STREAM[step]) for step in (3, 4, 5)]
    least = STREAM[3 + int(np.argmin(losses))]
    for met, wanted in zip(best, least, strict=True):
        np.testing.assert_allclose(met, wanted, rtol=1e-14)


@pytest.mark.parametrize("solve", ["gram_solve", "global_gram_solve"])
def test_a_singular_system_has_the_solution_of_least_norm_and_one_with_nan_has_none(solve):
    text = f"def rule(w, g, h=history(3)):\n    h = push(h, g)\n    c = {solve}(h, 1, 0)\n"
    program = parse(text + "    return weighted_sum(h, c)")
    one = [np.array([3.0, 4.0])]
    np.testing.assert_array_equal(after(program, [[np.zeros(2)]])[0][0], [np.zeros(2)])
    # The Gram matrix has 25 in a corner; its pseudo-inverse takes (1, 1, 1) to (1 / 25, 0, 0).
    np.testing.assert_allclose(after(program, [one])[0][0], [one[0] / 25], rtol=1e-14)
    # Of two equal members each takes half.
    np.testing.assert_allclose(after(program, [one, one])[0][1], [one[0] / 25], rtol=1e-14)
    assert np.all(np.isnan(after(program, [[np.array([np.nan, 1.0])]])[0][0]))


def test_tensors_without_entries_and_models_without_tensors_do_not_raise():
    for name in ("m_fac", "opt_amsgrad"):
        program = ZOO[name]
        assert [leaf.shape for leaf in after(program, [[np.zeros((0, 2))]])[0][0]] == [(0, 2)]
        assert after(program, [[]])[0] == [[]]


def test_a_family_has_one_kind_for_each_length():
    assert HISTORY.of(5) is HISTORY.of(5) and HISTORY.of(5) is not HISTORY.of(4)
    assert str(HISTORY.of(5)) == "History[5]" and HISTORY.of(5).declared is HISTORY
    assert "History[5]" not in KINDS
    assert Kind.TENSOR.of(5) is Kind.TENSOR
    assert not lifts(HISTORY.of(5), HISTORY.of(4)) and not lifts(HISTORY.of(5), Kind.TENSOR)
    assert not lifts(Kind.GLOBAL, HISTORY.of(5)) and lifts(Kind.GLOBAL, COEFFICIENTS.of(5))
    assert join(Kind.SCALAR, COEFFICIENTS.of(5)) is COEFFICIENTS.of(5)
    assert join(COEFFICIENTS.of(4), COEFFICIENTS.of(5)) is None
    assert join(Kind.TENSOR, COEFFICIENTS.of(5)) is POPULATION.of(5)
    assert join(HISTORY.of(5), Kind.TENSOR) is POPULATION.of(5)
    assert lifts(HISTORY.of(5), POPULATION.of(5)) and not lifts(POPULATION.of(5), HISTORY.of(5))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("weighted_sum(h, place(k))", "wants a Coefficients[3] for 'c', met a Coefficients[4]"),
        ("weighted_sum(h, place(h) + place(k))", "'add' wants a Coefficients[3] for 'y'"),
        ("weighted_sum(g, 1)", "'weighted_sum' wants a Population for 'h', met a Tensor"),
        ("push(x, g)", "'push' wants a History[3] for 'h', met a Population[3]"),
        ("push(h + 1, g)", "'push' wants a History[3] for 'h', met a Population[3]"),
        ("push(h, g)", "the result is a History[3]"),
        ("weighted_sum(when(1, h, k), 1)", "both have the same length, 4 or 3"),
    ],
)
def test_a_kind_or_length_that_does_not_fit_is_named(text, message):
    with pytest.raises(KindError) as met:
        parse(f"def rule(w, g, h=history(3), k=history(4), x=population(3)):\n    return {text}")
    assert message in str(met.value)


def test_a_choice_between_two_histories_is_one():
    text = "def rule(w, g, t, s=history(2)):\n    s = when(t % 2, push(s, g), s)\n    return g"
    _, slots = after(parse(text))
    odd = after(parse("def rule(w, g, h=history(9)):\n    h = push(h, g)\n    return w"))[1]["h"]
    steps = len(after(parse(text))[0])
    kept = [steps - t for t in range(steps, 0, -1) if t % 2][:2]
    np.testing.assert_array_equal(slots["s"][0], odd[0][kept])


def test_what_is_computed_of_a_history_is_none_and_the_error_says_what_is():
    text = "def rule(w, g, t, s=history(2)):\n    s = where(t > 1, push(s, g), s)\n    return g"
    said = r"'push', and a choice by 'when' between two of them, makes a History\[2\]; what is "
    with pytest.raises(KindError, match=said + r".*for a slot like s=population\(2\)"):
        parse(text)


def test_a_slot_takes_histories_of_its_own_length_only():
    text = "def rule(w, g, h=history(3), m={}):\n    m = push(h, g)\n    return g"
    parse(text.format("history(3)"))
    for other in ("history(4)", "zeros"):
        with pytest.raises(KindError, match=r"e\.g\. m=history\(3\)"):
            parse(text.format(other))


@pytest.mark.parametrize("length", ["0", "2.5", "-1"])
def test_a_length_is_a_whole_number_from_one_on(length):
    with pytest.raises(KindError, match="takes a length, a whole number from 1 on"):
        parse(f"def rule(w, g, h=history({length})):\n    return g")


def test_numbers_stand_for_coefficients_also_in_a_slot_and_in_a_choice():
    program = parse(
        "def rule(w, g, t, h=history(3), c=coefficients(3), d=coefficients(3)):\n"
        "    h = push(h, g)\n"
        "    c = when(t > 2, place(h), t)\n"
        "    d = 2\n"
        "    return weighted_sum(h, c * d)"
    )
    moves, slots = after(program, STREAM[:3])
    assert [c.shape for c in slots["d"]] == [(3,), (3, 1), (3, 1, 1), (3, 1, 1, 1)]
    np.testing.assert_allclose(moves[1][1], 4 * (STREAM[0][1] + STREAM[1][1]), rtol=1e-14)
    np.testing.assert_allclose(moves[2][1], 2 * STREAM[1][1] + 4 * STREAM[0][1], rtol=1e-14)


def test_simplifying_keeps_lengths():
    program = parse(
        "def rule(w, g, h=history(3), k=history(3), dead=history(9)):\n"
        "    h = push(h, g)\n"
        "    k = push(k, g)\n"
        "    dead = push(dead, weighted_sum(h, 1))\n"
        "    c = place(h) - place(k)\n"
        "    return weighted_sum(h, gram_solve(k, c + 1, 1))"
    )
    assert [name for name, _ in canonical(program).slots.items()] == ["s0"]
    simple = simplify(program, Domain.FINITE)
    assert len(simple.statements) < len(program.statements)
    assert fingerprint(simple) == fingerprint(program)


HOLDING = sorted(
    name
    for name, rule in ZOO.items()
    if any(init.kind.declared is HISTORY for init in rule.slots.values())
)


def test_memory_counts_the_members():
    assert ENTRIES["m_fac"].memory == 33
    assert ENTRIES["opt_amsgrad"].memory == 14


@pytest.mark.parametrize("name", each(HOLDING, SAMPLE))
def test_a_compiled_rule_does_what_the_interpreter_does(name):
    program = ZOO[name]
    shapes = SHAPES if name != "natural_galore" else SHAPES[2:3]
    stream = [[np.asarray(RNG.normal(size=shape)) for shape in shapes] for _ in range(8)]
    moves, _ = after(program, stream)
    with jax.enable_x64(True):
        optimizer = to_optax(program)
        update = jax.jit(optimizer.update)
        w = [jnp.zeros(shape) for shape in shapes]
        state = optimizer.init(w)
        for g, wanted in zip(stream, moves, strict=True):
            made, state = update([jnp.asarray(leaf) for leaf in g], state, w)
            for met, move in zip(made, wanted, strict=True):
                np.testing.assert_allclose(-met, move, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("dtype", [jnp.bfloat16, jnp.float32])
@pytest.mark.parametrize("name", each(HOLDING, SAMPLE))
def test_a_rule_keeps_the_precision_of_the_parameters(name, dtype):
    params = {"a": jnp.ones((2, 3), dtype), "b": jnp.ones((), dtype)}
    optimizer = to_optax(ZOO[name])
    state = optimizer.init(params)
    moves, later = jax.jit(optimizer.update)(params, state, params)
    assert jax.tree.leaves(jax.tree.map(lambda x: x.dtype == dtype, moves)) == [True, True]
    assert jax.tree.map(lambda x: (x.shape, x.dtype), later) == jax.tree.map(
        lambda x: (x.shape, x.dtype), state
    )


def test_the_equations_of_such_a_rule():
    assert r"\operatorname{push}" in to_latex(ZOO["m_fac"])
