"""Programs as Optax transformations."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from hypothesis import given, settings

from dsl import DslError, parse
from dsl.language.kinds import Kind
from dsl.rewrite.liveness import live
from dsl.rewrite.lower import spelled_out
from dsl.rewrite.point import keeping_point
from dsl.run.optax import to_optax
from dsl.zoo import ZOO
from tests.support.strategies import programs

MOMENTUM = parse(
    "def rule(w, g, m=zeros, *, lr=0.1, b1=0.9):\n    m = b1 * m + g\n    return lr * m"
)
TREES = {
    "an array": jnp.ones(3),
    "nested dictionaries": {"a": {"w": jnp.ones((2, 3)), "b": jnp.ones(3)}, "c": jnp.float32(2)},
    "tuples and lists": (jnp.ones(2), [jnp.ones((1, 2)), (jnp.ones(()),)]),
    "nothing": {},
}


def asked(loss):
    """The services that oracles ask, made of one function of the parameters."""
    return {
        "value_fn": loss,
        "losses_fn": lambda at: jnp.stack([loss(at), 2 * loss(at)]),
        "full_fn": lambda at: 3 * loss(at),
        "sampled_fn": lambda at, key: loss(at) * jax.random.normal(key),
        "outputs_fn": lambda at: (at, loss),
    }


def rule(expression: str, signature: str = "w, g, t, *, lr=0.1"):
    return parse(f"def rule({signature}):\n    return {expression}")


@pytest.mark.parametrize("params", TREES.values(), ids=TREES.keys())
def test_it_runs_on_any_tree_of_parameters(params):
    optimizer = to_optax(MOMENTUM, 0.5)
    grads = jax.tree.map(lambda x: 2 * x, params)
    state = optimizer.init(params)
    for _ in range(2):
        moves, state = jax.jit(optimizer.update)(grads, state, params)
    assert jax.tree.structure(moves) == jax.tree.structure(params)
    jax.tree.map(lambda move, w: np.testing.assert_allclose(move, -1.9 * w), moves, params)
    assert jax.tree.structure(state.slots["m"]) == jax.tree.structure(params)
    assert int(state.count) == 2


@given(programs(max_statements=8))
@settings(max_examples=30)
def test_every_program_keeps_shapes_and_types_and_the_structure_of_its_state(program):
    kept = keeping_point(spelled_out(program))
    live_slots = {*live(kept.program).slots, *kept.slots}
    for dtype in (jnp.float32, jnp.bfloat16):
        params = {"a": jnp.ones((2, 2), dtype), "b": jnp.full((), 0.5, dtype)}
        optimizer = to_optax(program, horizon=10)
        state = optimizer.init(params)
        shapes = jax.eval_shape(
            lambda p, s, update=optimizer.update: update(
                p, s, p, value=1.0, **asked(lambda q: jnp.sum(q["a"] ** 2) + q["b"])
            ),
            params,
            state,
        )
        moves, after = shapes
        assert jax.tree.map(lambda x: (x.shape, x.dtype), moves) == jax.tree.map(
            lambda x: (x.shape, x.dtype), params
        )
        assert jax.tree.structure(after) == jax.tree.structure(state)
        assert jax.tree.map(lambda x: (x.shape, x.dtype), after) == jax.tree.map(
            lambda x: (x.shape, x.dtype), state
        )
        for name, slot in state.slots.items():
            if kept.program.slots[name].kind is Kind.TENSOR:
                assert jax.tree.leaves(jax.tree.map(lambda x: x.dtype, slot)) == [dtype, dtype]
        assert set(state.slots) == live_slots


def test_float64_is_kept():
    with jax.enable_x64(True):
        params = jnp.ones(3, jnp.float64)
        optimizer = to_optax(rule("lr * g / t + 1e-12 * w"))
        moves, _ = optimizer.update(params, optimizer.init(params), params)
    assert moves.dtype == jnp.float64
    np.testing.assert_array_equal(moves, -(0.1 + 1e-12))


def run(optimizer, params, **extra):
    return optimizer.update(params, optimizer.init(params), params, **extra)


@pytest.mark.parametrize(
    ("error", "attempt"),
    [
        ("reads the parameters", lambda p: to_optax(rule("w")).update(p, state(rule("w"), p))),
        (
            "reads the parameters",
            lambda p: to_optax(rule("hvp(g)")).update(p, state(rule("hvp(g)"), p)),
        ),
        ("value=loss", lambda p: run(to_optax(rule("loss * g", "w, g, loss")), p)),
        ("value_fn=", lambda p: run(to_optax(rule("hvp(g)")), p)),
        ("value_fn=", lambda p: run(to_optax(rule("grad_at(g)")), p)),
        ("value_fn=", lambda p: run(to_optax(rule("loss_at(g) * g")), p)),
        ("value_fn=", lambda p: run(to_optax(rule("jvp(g) * g")), p)),
        ("losses_fn=", lambda p: run(to_optax(rule("clipped_grad(1)")), p)),
        ("losses_fn=", lambda p: run(to_optax(rule("part_grad_at(w, 0, 2)")), p)),
        ("full_fn=", lambda p: run(to_optax(rule("full_grad_at(w)")), p)),
        ("sampled_fn=", lambda p: run(to_optax(rule("sampled_grad(0)")), p)),
        ("outputs_fn=", lambda p: run(to_optax(rule("gauss_newton_solve(g, 1)")), p)),
        ("horizon=", lambda p: to_optax(rule("g / T", "w, g, T"))),
        ("no hyperparameter 'b2'; did you mean 'b1'?", lambda p: to_optax(MOMENTUM, b2=0.9)),
        ("no hyperparameter 'lr'", lambda p: to_optax(rule("g", "w, g"), 0.1)),
    ],
)
def test_what_is_missing_is_asked_for(error, attempt):
    with pytest.raises(DslError) as caught:
        attempt(jnp.ones(3))
    assert error in str(caught.value)


def state(program, params):
    return to_optax(program).init(params)


def test_what_is_not_read_need_not_be_given():
    params = jnp.ones(3)
    dead = parse("def rule(w, g, loss, T):\n    u = hvp(w) * loss / T\n    return g")
    moves, _ = to_optax(dead).update(params, to_optax(dead).init(params))
    np.testing.assert_array_equal(moves, -1.0)


def test_extra_arguments_of_others_are_ignored():
    chain = optax.chain(to_optax(MOMENTUM), optax.scale(2.0))
    params = jnp.ones(3)
    moves, _ = chain.update(params, chain.init(params), params, value=1.0, unheard_of=object())
    np.testing.assert_allclose(moves, -0.2)


def test_a_schedule_is_asked_for_the_number_of_steps_taken():
    asked = []

    def schedule(count):
        asked.append(int(count))
        return 1.0 + count

    optimizer = to_optax(rule("lr * g"), schedule)
    params = jnp.ones(2)
    state, seen = optimizer.init(params), []
    for _ in range(3):
        moves, state = optimizer.update(params, state, params)
        seen.append(float(-moves[0]))
    assert asked == [0, 1, 2]
    assert seen == [1.0, 2.0, 3.0]


def test_the_step_counts_from_one_and_the_horizon_is_passed_on():
    optimizer = to_optax(rule("t + T / 1000", "w, g, t, T"), horizon=500)
    params = jnp.ones(2)
    moves, state = optimizer.update(params, optimizer.init(params), params)
    assert float(-moves[0]) == 1.5
    moves, state = optimizer.update(params, state, params)
    assert float(-moves[0]) == 2.5


def test_a_number_that_changes_compiles_nothing():
    compiled = []

    @jax.jit
    def update(lr, b1, state, params):
        compiled.append(1)
        return to_optax(MOMENTUM, lr, b1=b1).update(params, state, params)

    params = {"w": jnp.ones(3)}
    state = to_optax(MOMENTUM).init(params)
    for lr in (0.1, 0.2, 0.3):
        moves, state = update(jnp.float32(lr), jnp.float32(0.5), state, params)
    np.testing.assert_allclose(moves["w"], -0.3 * 1.75, rtol=1e-6)
    assert len(compiled) == 1


def test_whole_numbers_are_as_good_as_others():
    params = jnp.ones(2)
    power = rule("lr * b ** -2 * g", "w, g, *, lr=1, b=2")
    for given_b in (4, 4.0, np.float32(4), np.int64(4), jnp.float32(4)):
        moves, _ = run(to_optax(power, 2, b=given_b), params)
        np.testing.assert_allclose(moves, -2 / 16)


@pytest.mark.parametrize("base", ["b", "0.999"])
def test_a_bias_correction_loses_no_digits(base: str):
    corrected = rule(f"g / (1 - {base}**t)", "w, g, t, *, b=0.999")
    moves, _ = run(to_optax(corrected), jnp.ones(2))
    np.testing.assert_allclose(moves, -1 / (1 - 0.999), rtol=3e-7)


@pytest.mark.parametrize("b", [-0.5, 0.0, 0.5, 1.0, 2.0])
@pytest.mark.parametrize("default", [-0.5, 0.0, 0.5, 1.0, 2.0])
def test_a_bias_correction_takes_any_base(b: float, default: float):
    corrected = rule("1 - b**t", f"w, g, t, *, b={default}")
    moves, _ = run(to_optax(corrected, b=b), jnp.ones(2))
    np.testing.assert_allclose(moves, b - 1, rtol=1e-6)


@given(programs(max_statements=6))
@settings(max_examples=10)
def test_no_data_makes_a_compiled_step_raise(program):
    optimizer = to_optax(program, horizon=10)
    params = jnp.array([jnp.nan, jnp.inf, -jnp.inf, 0.0, 1e38, -1e-38])
    state = optimizer.init(params)
    for grads in (params[::-1], params * 0):
        moves, state = optimizer.update(
            grads, state, params, value=jnp.nan, **asked(lambda w: jnp.sum(w**2))
        )
    assert moves.shape == params.shape


def test_complex_parameters_are_refused():
    with pytest.raises(DslError, match="'adam' is for real parameters, met complex ones"):
        to_optax(ZOO["adam"]).init(jnp.ones(2, jnp.complex64))
