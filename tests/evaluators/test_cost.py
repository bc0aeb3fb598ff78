"""The operations of a gradient are those that one would count by hand."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dsl import parse
from dsl.language.registry import PRIMITIVES
from dsl.rewrite.oracle_calls import gradients_asked
from dsl.run.optax import to_optax
from dsl.zoo import ZOO
from evaluators import registry
from evaluators.cost import _of, flops, gradients, steps_at_price
from evaluators.task import Data

N, BATCH = 30, 4
BASE = dataclasses.replace(
    registry.get("digits"),
    init=lambda rng: {"w": np.ones((N, N), np.float32)},
    load=lambda: Data(np.ones((8, N), np.float32), None),
    order=lambda rng, steps: np.zeros((steps, BATCH), np.int32),
    digest=None,
)


def loss(params, data, index):
    return jnp.sum(jnp.asarray(data.train)[index] @ params["w"])


def looped(params, data, index):
    rows = jnp.asarray(data.train)[index]
    rows, _ = jax.lax.scan(lambda x, _: (x @ params["w"], None), rows, None, length=7)
    return jnp.sum(rows)


def test_a_product_counts_two_for_each_pair():
    found = flops(dataclasses.replace(BASE, loss=loss))
    assert found == pytest.approx(2 * 2 * BATCH * N * N, rel=0.1)


def test_a_loop_counts_as_often_as_it_turns():
    found = flops(dataclasses.replace(BASE, loss=looped))
    assert found == pytest.approx(7 * 3 * 2 * BATCH * N * N, rel=0.2)


def test_a_larger_batch_costs_in_proportion():
    wide = dataclasses.replace(BASE, order=lambda rng, steps: np.zeros((steps, 8), np.int32))
    once, twice = (flops(dataclasses.replace(task, loss=loss)) for task in (BASE, wide))
    assert twice == pytest.approx(2 * once, rel=0.05)


SHAPES = {"a": (8, 24), "b": (24, 24), "c": (24, 1)}
ROWS, MEMBERS = 16, 4
SIZES = {"n": 8 * 24 + 24 * 24 + 24, "b": ROWS, "o": ROWS, "d": 5, "i": 1}
SIZES["m"] = SIZES["n"]
ORACLES = [name for name, primitive in PRIMITIVES.items() if primitive.oracle]

CALLS = {
    "gauss_newton_solve": "gauss_newton_solve(g, 1)",
    "losses_at": "weighted_sum(x, losses_at(x))",
    "coordinate_differences": "coordinate_differences(w, 0.5)",
    "part_grad_at": "part_grad_at(w, 1, 2)",
    "third_derivative": "third_derivative(g, w)",
    "hessian_solve": "hessian_solve(g, 1)",
    "abs_hessian_solve": "abs_hessian_solve(g, 1)",
    "conjugate_gradients": "conjugate_gradients(g, 1, 0, 9, 1)",
    "line_search": "line_search(g, 1, 1, 0.5, 9)",
}
"""Calls of oracles that take more than one Tensor."""


def outputs(params, rows):
    return jnp.tanh(jnp.tanh(rows @ params["a"]) @ params["b"]) @ params["c"]


def of_outputs(made):
    return jnp.mean(jnp.square(made))


@pytest.mark.parametrize("name", ORACLES)
def test_an_oracle_takes_as_many_operations_as_its_cost_says(name):
    """To a factor of two: the rows of a Jacobian share the pass forward, and a product with the
    Hessian, two gradients by custom, makes that of the gradient anew. A search that the data end
    counts as one iteration."""
    rows = {size: jnp.ones((size, 8)) for size in (ROWS, ROWS * SIZES["d"])}
    given = {
        "value_fn": lambda at: of_outputs(outputs(at, rows[ROWS])),
        "losses_fn": lambda at: jnp.mean(jnp.square(outputs(at, rows[ROWS])), axis=1),
        "full_fn": lambda at: of_outputs(outputs(at, rows[ROWS * SIZES["d"]])),
        "sampled_fn": lambda at, key: of_outputs(outputs(at, rows[ROWS])),
        "outputs_fn": lambda at: (outputs(at, rows[ROWS]), of_outputs),
    }
    params = {name: jnp.ones(shape) for name, shape in SHAPES.items()}
    argument = "0" if name == "sampled_grad" else "1" if name == "clipped_grad" else "g"
    call = CALLS.get(name, f"{name}({argument})")
    program = parse(f"def rule(w, g, x=population({MEMBERS})): return {call} * w")
    optimizer = to_optax(program)
    state = optimizer.init(params)
    step = jax.make_jaxpr(lambda at: optimizer.update(at, state, at, **given)[0])(params)
    gradient = jax.make_jaxpr(jax.grad(given["value_fn"]))(params)
    met = _of(step.jaxpr) / _of(gradient.jaxpr)
    assert 0.5 <= met / gradients_asked(program, SIZES) <= 2


def test_a_step_costs_its_gradient_and_what_its_oracles_ask_of_the_task():
    task = registry.get("digits")
    entries, batch = task.parameters(), 64
    assert gradients(task, ZOO["adamw"]) == 1
    assert gradients(task, ZOO["adahessian"]) == 3
    assert gradients(task, ZOO["sophia_h"]) == pytest.approx(1.2)
    assert gradients(task, ZOO["zo_sgd"]) == pytest.approx(2 / 3)
    assert gradients(task, ZOO["deepzero_cge"]) == pytest.approx((1 + entries) / 3)
    assert gradients(task, ZOO["consensus_based_optimization"]) == pytest.approx(20 / 3)
    assert gradients(task, ZOO["dp_sgd"]) == batch


PRICED = {
    "adamw": 300,
    "zo_sgd": 300,  # two losses and no gradient: no more steps than others
    "sam": 150,
    "mars_adamw_exact": 150,
    "adahessian": 100,
    "sophia_h": 250,
    "sophia_g": 273,
    "dp_sgd": 5,  # 64 gradients, one for each example: 4.7
    "deepzero_cge": 1,
}


@pytest.mark.parametrize("name", PRICED)
def test_a_rule_gets_the_steps_that_its_oracles_leave_of_the_gradients(name):
    task = registry.get("digits")
    assert steps_at_price(ZOO[name], task, 300) == PRICED[name]


@pytest.mark.parametrize("period", [1, 2, 7, 50])
def test_an_oracle_on_some_steps_costs_its_share(period):
    text = f"when(every(t, {period}, 1), grad_at(w - 0.1 * g), h)"
    program = parse(f"def rule(w, g, t, h=zeros, *, lr=0.1):\n    h = {text}\n    return lr * h")
    found = steps_at_price(program, registry.get("quadratic"), 1_000)
    assert found == round(1_000 / (1 + 1 / period))
