"""Programs as Optax transformations: noise, and what oracles ask of the loss."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dsl import parse
from dsl.run.optax import to_optax


def rule(expression: str, signature: str = "w, g, t, *, lr=0.1"):
    return parse(f"def rule({signature}):\n    return {expression}")


def run(optimizer, params, **extra):
    return optimizer.update(params, optimizer.init(params), params, **extra)


NOISE = "def rule(w, g):\n    return {}"


def draws(expression: str, steps: int = 1, seed: int = 0, size: int = 20_000):
    optimizer = to_optax(parse(NOISE.format(expression)), seed=seed)
    params = {"a": jnp.zeros(size), "b": jnp.zeros(size)}
    state, seen = optimizer.init(params), []
    for _ in range(steps):
        moves, state = optimizer.update(params, state, params)
        seen.append([-np.asarray(moves["a"]), -np.asarray(moves["b"])])
    return np.array(seen)


@pytest.mark.parametrize("draw", ["normal", "rademacher"])
def test_noise_is_reproducible_and_separate_by_stream_step_tensor_and_seed(draw):
    base = draws(f"{draw}(0)", steps=2)
    np.testing.assert_array_equal(base, draws(f"{draw}(0)", steps=2))
    np.testing.assert_array_equal(draws(f"{draw}(3) - {draw}(3)"), 0.0)
    np.testing.assert_array_equal(draws(f"{draw}(2)"), draws(f"{draw}(2 - 1e-9)"))
    others = [
        base[0, 0],
        base[0, 1],
        base[1, 0],
        draws(f"{draw}(1)")[0, 0],
        draws(f"{draw}(-1)")[0, 0],
        draws(f"{draw}(0)", seed=1)[0, 0],
    ]
    correlation = np.corrcoef(others) - np.eye(len(others))
    assert np.max(np.abs(correlation)) < 0.03
    for sample in others:
        assert abs(np.mean(sample)) < 0.03
        assert abs(np.var(sample) - 1) < 0.05
    kurtosis = np.mean(base**4)
    assert abs(kurtosis - (3 if draw == "normal" else 1)) < 0.1


def test_noise_of_dead_code_costs_no_key():
    dead = parse("def rule(w, g):\n    z = normal(0)\n    return g")
    assert to_optax(dead).init(jnp.ones(2)).key is None


def test_oracles_differentiate_the_loss_of_the_batch():
    def loss(params):
        return jnp.sum(params["a"] ** 3) + params["b"] ** 2

    params = {"a": jnp.array([1.0, 2.0]), "b": jnp.array(3.0)}
    for expression, wanted in {
        "grad_at(2 * w)": {"a": [12.0, 48.0], "b": 12.0},
        "hvp(2)": {"a": [12.0, 24.0], "b": 4.0},
        "hvp(w)": {"a": [6.0, 24.0], "b": 6.0},
        "loss_at(w - 1) * 1": {"a": [5.0, 5.0], "b": 5.0},
        "hessian_diagonal_at(2 * w)": {"a": [12.0, 24.0], "b": 2.0},
        "third_derivative(w, 2)": {"a": [12.0, 24.0], "b": 0.0},
        "coordinate_differences(w < 3, 0.5)": {"a": [4.75, 15.25], "b": 0.0},
        "jvp(w - 1) * 1": {"a": [24.0, 24.0], "b": 24.0},
        "hessian_solve(w, 4)": {"a": [0.1, 0.125], "b": 0.5},
        "abs_hessian_solve(w, 4)": {"a": [0.1, 0.125], "b": 0.5},
    }.items():
        optimizer = to_optax(rule(expression))
        update = jax.jit(lambda s, p, o=optimizer: o.update(p, s, p, value_fn=loss))
        moves, _ = update(optimizer.init(params), params)
        jax.tree.map(lambda m, x: np.testing.assert_allclose(-m, x), moves, wanted)


def test_the_gradients_of_examples_are_clipped_one_by_one():
    params = {"a": jnp.array([1.0, 2.0]), "b": jnp.array(3.0)}

    def losses(at):
        return jnp.stack([at["a"][0] * at["a"][1], 3 * at["a"][0] + 4 * at["b"], 0 * at["b"]])

    optimizer = to_optax(rule("clipped_grad(c)", "w, g, *, c=2.5"))
    update = jax.jit(lambda s, p: optimizer.update(p, s, p, losses_fn=losses))
    moves, _ = update(optimizer.init(params), params)
    np.testing.assert_allclose(-moves["a"], np.array([2 + 1.5, 1.0]) / 3, rtol=1e-6)
    np.testing.assert_allclose(-moves["b"], 2.0 / 3, rtol=1e-6)


def test_a_part_of_the_batch_has_the_gradient_of_its_mean_loss():
    params = {"a": jnp.array([1.0, 2.0]), "b": jnp.array(3.0)}

    def losses(at):
        own = [at["a"][0] * at["a"][1], at["a"][0] ** 2, at["b"] ** 2, 4 * at["b"], at["a"][1]]
        return jnp.stack(own)

    wanted = {
        (0, 2): {"a": [8 / 3, 2 / 3], "b": 12 / 3},  # three, then two
        (1, 2): {"a": [0, 1 / 2], "b": 4 / 2},
        (0, 1): {"a": [8 / 5, 3 / 5], "b": 16 / 5},
        (4, 5): {"a": [0, 1], "b": 0},
        (1, 7): {"a": [4, 0], "b": 0},
        (5, 5): {"a": [0, 0], "b": 0},
        (3, 7): {"a": [0, 0], "b": 0},  # more parts than examples
    }
    for (part, parts), leaves in wanted.items():
        optimizer = to_optax(rule(f"part_grad_at(2 * w, {part}, {parts})"))
        update = jax.jit(lambda s, p, o=optimizer: o.update(p, s, p, losses_fn=losses))
        moves, _ = update(optimizer.init(params), params)
        jax.tree.map(lambda m, x: np.testing.assert_allclose(-m, x, rtol=1e-6), moves, leaves)


def test_labels_are_drawn_anew_on_every_step_and_in_every_stream():
    optimizer = to_optax(rule("sampled_grad(0) - sampled_grad(0) + sampled_grad(s)", "w, *, s=1"))
    other = to_optax(rule("sampled_grad(0)", "w"))
    params = jnp.ones(3)

    def sampled(at, key):
        return jnp.sum(at * jax.random.normal(key, at.shape))

    found = []
    for made in (optimizer, other):
        state = made.init(params)
        for _ in range(2):
            moves, state = made.update(params, state, params, sampled_fn=sampled)
            found.append(np.asarray(moves))
    assert len({move.tobytes() for move in found}) == 4


def test_oracles_take_operands_of_another_precision():
    params = jnp.ones(2, jnp.bfloat16)
    optimizer = to_optax(rule("hvp(t * g) + grad_at(w / t)"))
    moves, _ = run(optimizer, params, value_fn=lambda w: jnp.sum(w**2))
    assert moves.dtype == jnp.bfloat16
    np.testing.assert_array_equal(np.asarray(moves, float), -4.0)
