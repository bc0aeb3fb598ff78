"""Answers of oracles where a formula says them, through Optax and in single steps."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dsl import parse, to_optax
from dsl.zoo import ZOO

pytestmark = pytest.mark.lightly_compiled

RNG = np.random.default_rng(4)


@pytest.fixture(autouse=True)
def double_precision():
    with jax.enable_x64(True):
        yield


def step(program, params, grads=None, **asked):
    """The first step, which is subtracted."""
    optimizer = to_optax(program)
    grads = jax.tree.map(jnp.zeros_like, params) if grads is None else grads
    moves, state = jax.jit(lambda g, s, p: optimizer.update(g, s, p, **asked))(
        grads, optimizer.init(params), params
    )
    return jax.tree.map(lambda move: -np.asarray(move), moves), state


def rule(expression, signature="w, g"):
    return parse(f"def rule({signature}):\n    return {expression}")


class Softmax:
    """A linear classifier under cross-entropy: its Gauss-Newton matrix is its Hessian."""

    def __init__(self, examples=5, features=4, classes=3):
        self.x = RNG.normal(size=(examples, features))
        self.y = RNG.integers(0, classes, examples)
        self.w = {"a": jnp.asarray(RNG.normal(size=(features, classes))), "b": jnp.zeros(classes)}

    def outputs(self, params):
        return self.x @ params["a"] + params["b"][None]

    def loss_of(self, logits):
        rows = jnp.arange(len(self.y))
        return -jnp.mean(jax.nn.log_softmax(logits)[rows, self.y])

    def value(self, params):
        return self.loss_of(self.outputs(params))


def test_a_gauss_newton_system_of_a_linear_model_is_that_of_the_hessian():
    model = Softmax()
    v = jax.tree.map(lambda leaf: jnp.asarray(RNG.normal(size=leaf.shape)), model.w)
    found, _ = step(
        rule("gauss_newton_solve(g, 0.3)"),
        model.w,
        v,
        outputs_fn=lambda params: (model.outputs(params), model.loss_of),
    )
    wanted, _ = step(rule("hessian_solve(g, 0.3)"), model.w, v, value_fn=model.value)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-10), found, wanted)


def test_a_gauss_newton_product_is_undone_by_the_system():
    model = Softmax()
    v = jax.tree.map(lambda leaf: jnp.asarray(RNG.normal(size=leaf.shape)), model.w)

    def outputs(params):
        return jnp.tanh(model.outputs(params)), model.loss_of

    program = rule("gauss_newton_solve(gauss_newton_product(g) + 0.3 * g, 0.3)")
    found, _ = step(program, model.w, v, outputs_fn=outputs)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-10), found, v)


def test_a_gauss_newton_product_of_a_linear_model_is_that_of_the_hessian():
    model = Softmax()
    v = jax.tree.map(lambda leaf: jnp.asarray(RNG.normal(size=leaf.shape)), model.w)
    found, _ = step(
        rule("gauss_newton_product(g)"),
        model.w,
        v,
        outputs_fn=lambda params: (model.outputs(params), model.loss_of),
    )
    wanted, _ = step(rule("hvp(g)"), model.w, v, value_fn=model.value)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-10), found, wanted)


def test_a_gauss_newton_system_leaves_out_the_curvature_of_the_model():
    w = jnp.array([0.5, -1.5])

    def outputs(params):
        return params**3, lambda made: jnp.sum(made**2) / 2

    found, _ = step(rule("gauss_newton_solve(g, 2)"), w, jnp.ones(2), outputs_fn=outputs)
    np.testing.assert_allclose(found, 1 / (9 * w**4 + 2))


def test_conjugate_gradients_solve_a_definite_system_of_all_tensors():
    model = Softmax()
    v = jax.tree.map(lambda leaf: jnp.asarray(RNG.normal(size=leaf.shape)), model.w)

    def value(params):
        ridge = sum(jnp.sum(leaf**2) for leaf in jax.tree.leaves(params))
        return model.value(params) + 0.15 * ridge

    found, _ = step(
        rule("conjugate_gradients(g, 1 / (1 + w * w), 1e-24, 60, 0)"), model.w, v, value_fn=value
    )
    wanted, _ = step(rule("hessian_solve(g, 0)"), model.w, v, value_fn=value)
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, rtol=1e-9), found, wanted)


def test_conjugate_gradients_end_at_negative_curvature_tolerance_or_the_last_trial():
    bends, v = jnp.array([1.0, 2.0, -1.0]), jnp.array([1.0, 1.0, 0.1])

    def value(w):
        return jnp.sum(bends * w**2) / 2

    def found(text):
        return step(rule(text), jnp.zeros(3), v, value_fn=value)[0]

    first = float(v @ v / (v @ (bends * v))) * v
    left = v - bends * first
    along = left + left @ left / (v @ v) * v
    assert along @ (bends * along) > 0
    second = first + left @ left / (along @ (bends * along)) * along
    rest = v - bends * second
    bent = rest + rest @ rest / (left @ left) * along
    assert bent @ (bends * bent) < 0
    turned = bent * jnp.sign(bent @ v)
    np.testing.assert_allclose(found("conjugate_gradients(g, 1, 0, 1, 0.7)"), first, rtol=1e-12)
    np.testing.assert_allclose(found("conjugate_gradients(g, 1, 0, 2, 0.7)"), second, rtol=1e-12)
    mixed = 0.7 * second + 0.3 * turned
    np.testing.assert_allclose(found("conjugate_gradients(g, 1, 0, 9, 0.7)"), mixed, rtol=1e-10)
    tol = float(left @ left) * 1.01
    met = found(f"conjugate_gradients(g, 1, {tol}, 9, 0.7)")
    np.testing.assert_allclose(met, first, rtol=1e-12)
    np.testing.assert_array_equal(found("conjugate_gradients(g, 1, 0, 0, 0.7)"), 0)
    down = found("conjugate_gradients(g * (w + 1 - 1), 1, 0, 9, 0.7)")
    np.testing.assert_array_equal(down, 0)


def test_a_line_search_ends_at_the_first_rate_that_is_good_or_after_the_last_trial():
    asked = []

    def value(w):
        jax.debug.callback(lambda: asked.append(1))
        return jnp.sum(jnp.where(w > -2, w, jnp.nan) ** 2)

    def rate(text):
        asked.clear()
        found, _ = step(
            rule(f"line_search(2 * w, {text}) * (w + 1 - w)"), jnp.ones(1), value_fn=value
        )
        jax.effects_barrier()
        return float(found[0]), len(asked)

    # f(1 - 2 a) = (1 - 2 a)^2 falls by 4 a - 4 a^2, which is at least 4 c a where a <= 1 - c.
    assert rate("0.875, 4 * 0.125, 0.5, 9") == (0.875, 2)
    assert rate("1, 4 * 0.125, 0.5, 9") == (0.5, 3)
    assert rate("8, 4 * 0.125, 0.5, 9") == (0.5, 6)
    assert rate("8, 4 * 0.125, 0.5, 2") == (2, 4)
    assert rate("8, 4 * 0.125, 0.5, 0") == (8, 2)


def test_outputs_may_be_a_tree():
    w = jnp.array([0.5, -1.5])

    def outputs(params):
        made = {"whole": jnp.sum(params), "parts": [2 * params]}
        return made, lambda at: at["whole"] ** 2 / 2 + jnp.sum(at["parts"][0] ** 2) / 2

    found, _ = step(rule("gauss_newton_solve(g, 1)"), w, jnp.ones(2), outputs_fn=outputs)
    np.testing.assert_allclose(found, np.linalg.solve(5 * np.eye(2) + 1, np.ones(2)))


def test_differences_of_coordinates_cost_a_loss_for_each_that_is_not_masked():
    w, asked = jnp.array([0.5, -1.5, 2.0]), []

    def value_fn(x):
        jax.debug.callback(lambda: asked.append(1))
        return jnp.sum(x**2)

    found, _ = step(rule("coordinate_differences(w > 0, 0.25)"), w, value_fn=value_fn)
    jax.effects_barrier()
    np.testing.assert_allclose(found, [2 * 0.5 + 0.25, 0, 2 * 2.0 + 0.25])
    assert len(asked) == 3


def test_a_diagonal_of_the_hessian_is_of_all_tensors_those_without_entries_too():
    def value_fn(params):
        return sum((jnp.sum(leaf**3) for leaf in jax.tree.leaves(params)), start=jnp.zeros(()))

    for sizes in ((2, 0), (0,), ()):
        w = [jnp.arange(1.0, 1.0 + size) for size in sizes]
        found, _ = step(rule("hessian_diagonal_at(2 * w)"), w, value_fn=value_fn)
        for met, leaf in zip(found, w, strict=True):
            np.testing.assert_allclose(met, 12 * leaf)


class Quadratic:
    """A batch and all of the data, with a Hessian each."""

    def __init__(self, size=6):
        half, other = RNG.normal(size=(2, size, size))
        self.hessian, self.full = half @ half.T, half @ half.T + other @ other.T
        self.w = RNG.normal(size=size)

    def asked(self):
        return {
            "value_fn": lambda w: w @ self.hessian @ w / 2,
            "full_fn": lambda w: w @ self.full @ w / 2,
        }


def test_the_full_gradient_is_not_that_of_the_batch():
    of = Quadratic()
    w = jnp.asarray(of.w)
    found, _ = step(rule("full_grad_at(2 * w) + grad_at(w)"), w, **of.asked())
    np.testing.assert_allclose(found, (2 * of.full + of.hessian) @ of.w)


def test_ai_sarah_on_a_quadratic_takes_the_steps_of_the_closed_form():
    of, program = Quadratic(), ZOO["ai_sarah"].with_hyperparameters(gamma=0.0)
    optimizer, w = to_optax(program), jnp.asarray(of.w)
    update = jax.jit(lambda g, s, w: optimizer.update(g, s, w, **of.asked()))
    state = optimizer.init(w)
    v, inverse = of.full @ of.w, None
    for _ in range(5):
        moves, state = update(of.hessian @ w, state, w)
        product = of.hessian @ v
        rate = v @ product / (product @ product)
        bounded = rate if inverse is None else min(rate, 1 / inverse)
        np.testing.assert_allclose(-moves, bounded * v, rtol=1e-9)
        inverse = 1 / rate if inverse is None else 0.999 * inverse + 0.001 / rate
        w, v = w + moves, v - bounded * product
        np.testing.assert_allclose(state.slots["v"], v, rtol=1e-9)
