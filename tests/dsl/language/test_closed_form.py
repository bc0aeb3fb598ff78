"""The answers of a closed form are those of differentiation of the same function."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dsl import parse, to_optax
from dsl.primitives.examples import sampled_grad
from dsl.primitives.hessian import hessian_solve
from dsl.run.fingerprint import Polynomial
from dsl.run.interpret import run_step

pytestmark = pytest.mark.lightly_compiled

RNG = np.random.default_rng(3)
W, G = ([np.asarray(RNG.normal(size=shape)) for shape in ((), (3,), (2, 2))] for _ in range(2))
A, B = 0.7, 0.1


def polynomial(leaves, a=A):
    own = sum(jnp.sum(a * x**2 / 2 + x**4 / 4) for x in leaves)
    return own + B * sum(jnp.sum(x) for x in leaves) ** 2 / 2


def outputs(leaves):
    flat = jnp.concatenate([jnp.ravel(x) for x in leaves])
    made = {"w": flat, "squares": flat**2, "sum": jnp.sum(flat)}

    def loss_of(made):
        own = jnp.sum(A * made["w"] ** 2 / 2 + made["squares"] ** 2 / 4)
        return own + B * made["sum"] ** 2 / 2

    return made, loss_of


ASKED = {
    "value_fn": polynomial,
    "losses_fn": lambda w: jnp.stack([polynomial(w, A - 0.5), polynomial(w, A + 0.5)]),
    "full_fn": lambda w: polynomial(w, A + 0.25),
    "outputs_fn": outputs,
}
ORACLES = (
    "grad_at(2 * g)",
    "full_grad_at(g)",
    "loss_at(g) * g",
    "jvp(g) * g",
    "hvp(g)",
    "hessian_diagonal_at(2 * g)",
    "third_derivative(g, w)",
    "hessian_solve(g, 0.3)",
    "abs_hessian_solve(g, 0.3)",
    "gauss_newton_solve(g, 0.3)",
    "gauss_newton_product(g)",
    "line_search(g, 4, 0.1, 0.5, 3) * g",
    "line_search(grad_at(w), 4, 0.5 * jvp(grad_at(w)), 0.5, 12) * g",
    "conjugate_gradients(g, 1 + w * w, 1e-20, 2, 0.5)",
    "conjugate_gradients(g, 1 + w * w, 1e-20, 50, 0.5)",
    "conjugate_gradients(g, -1, 1e-20, 50, 0.75)",
    "coordinate_differences(g > 0, 0.25)",
    "clipped_grad(2)",
    "clipped_grad(100)",
    "part_grad_at(g, 0, 1)",
    "part_grad_at(g, 0, 2)",
    "part_grad_at(g, 1, 2)",
    "part_grad_at(g, 1, 4)",
    "weighted_sum(x, losses_at(x + push(h, g)))",
)


@pytest.mark.parametrize("oracle", ORACLES)
def test_an_answer_is_that_of_differentiation(oracle):
    program = parse(f"def rule(w, g, x=population(2), h=history(2)):\n    return {oracle}")
    slots = {"x": [np.stack([x, x]) for x in W], "h": [np.zeros((2, *x.shape)) for x in W]}
    wanted, _ = run_step(program, {"w": W, "g": G}, slots, Polynomial(W, A, B), np)
    with jax.enable_x64(True):
        optimizer = to_optax(program)
        w, g = ([jnp.asarray(x) for x in leaves] for leaves in (W, G))
        found, _ = jax.jit(lambda g, s, w: optimizer.update(g, s, w, **ASKED))(
            g, optimizer.init(w), w
        )
    for met, leaf in zip(found, wanted, strict=True):
        np.testing.assert_allclose(-np.asarray(met), leaf, rtol=1e-10, atol=1e-12)


def test_labels_scatter_by_the_root_of_the_curvature():
    squares = [np.zeros_like(x) for x in W]
    steps = 4000
    for t in range(steps):
        drawn = sampled_grad.meaning(Polynomial(W, A, t=t), 0)
        squares = [s + d**2 / steps for s, d in zip(squares, drawn, strict=True)]
    for met, leaf in zip(squares, W, strict=True):
        np.testing.assert_allclose(met, A + 3 * leaf**2, rtol=0.1)


def test_noise_is_the_same_drawn_for_tensors_apart_or_joined():
    joined = Polynomial([np.concatenate([x.ravel() for x in W])], A, t=3)
    for draw in ("normal", "rademacher"):
        apart = np.concatenate([x.ravel() for x in Polynomial(W, A, t=3).noise(draw, 2)])
        np.testing.assert_array_equal(joined.noise(draw, 2)[0], apart)


def test_a_matrix_without_eigenvalues_has_no_solution():
    w = [np.array([np.inf, 1.0])]
    with np.errstate(all="ignore"):
        assert np.all(np.isnan(hessian_solve.meaning(Polynomial(w, A), w, 0.1)[0]))


@pytest.mark.parametrize(
    "text",
    ["line_search(g, 1, many, 1, many) * g", "conjugate_gradients(g, 1 + 0 * w, -1, many, 0.5)"],
)
def test_a_search_without_end_ends(text):
    program = parse(f"def rule(w, g, *, many=1e300):\n    return {text}")
    inputs = {"w": W, "g": G, "many": 1e300}
    with np.errstate(all="ignore"):
        (found, _) = run_step(program, inputs, {}, Polynomial(W, A, B), np)
    assert [leaf.shape for leaf in found] == [leaf.shape for leaf in W]
    with jax.enable_x64():
        optimizer = to_optax(program)
        w, g = ([jnp.asarray(leaf) for leaf in leaves] for leaves in (W, G))
        optimizer.update(g, optimizer.init(w), w, value_fn=lambda w: polynomial(w))
