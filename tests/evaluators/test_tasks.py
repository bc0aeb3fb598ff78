"""What every registered proxy task must be able to do; a new one is covered at once."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from evaluators import registry
from evaluators.task import Prepared, Task, prepare
from evaluators.tasks._losses import cross_entropy, nan_unless_finite

STEPS = 3
TASKS = [registry.get(name) for name in registry.names()]
each_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)


def tree_map(function: Callable[..., Any], *trees: Any) -> Any:
    return jax.tree.map(function, *trees)


def first_seed(prepared: Prepared) -> tuple[Any, Any, np.ndarray]:
    """Parameters, data and first batch of the first seed."""
    return tree_map(lambda leaf: leaf[0], prepared.params), prepared.data, prepared.order[0, 0]


def same(a: Any, b: Any) -> bool:
    return all(jax.tree.leaves(tree_map(np.array_equal, a, b)))


@functools.cache
def evaluator(task: Task) -> Callable[..., dict[str, Any]]:
    """Everything a task computes at one point, compiled once per task and precision."""

    def evaluate(params: Any, data: Any, index: Any, direction: Any) -> dict[str, Any]:
        def gradient(point: Any) -> Any:
            return jax.grad(task.loss)(point, data, index)

        grad, curved = jax.jvp(gradient, (params,), (direction,))
        return {
            "loss": task.loss(params, data, index),
            "validation": task.validate(params, data),
            "grad": grad,
            "hvp": curved,
        }

    return jax.jit(evaluate)


def evaluate(task: Task, params: Any, direction: Any = None) -> dict[str, Any]:
    _, data, index = first_seed(prepare(task, [0], STEPS))
    with jax.numpy_rank_promotion("raise"):
        found = evaluator(task)(params, data, index, params if direction is None else direction)
    return tree_map(np.asarray, found)


@each_task
def test_a_seed_means_the_same_parameters_and_order_in_any_company(task: Task):
    alone, together = prepare(task, [7], STEPS), prepare(task, [3, 7], STEPS)
    assert same(alone.params, tree_map(lambda leaf: leaf[1:], together.params))
    assert np.array_equal(alone.order, together.order[1:])
    assert alone.data is together.data


@each_task
def test_seeds_differ_in_every_random_parameter_and_in_order(task: Task):
    prepared = prepare(task, [0, 1], STEPS)
    random = [leaf for leaf in jax.tree.leaves(prepared.params) if leaf[0].any()]
    assert random
    assert all(not np.array_equal(leaf[0], leaf[1]) for leaf in random)
    assert not np.array_equal(prepared.order[0], prepared.order[1])


def test_tasks_draw_different_numbers_for_one_seed():
    firsts = [jax.tree.leaves(prepare(task, [0], 1).params)[-1].ravel()[0] for task in TASKS]
    assert len(set(firsts)) == len(TASKS)


@each_task
def test_a_longer_order_begins_with_the_shorter_one(task: Task):
    long, short = prepare(task, [0], 100).order, prepare(task, [0], STEPS).order
    assert np.array_equal(long[:, :STEPS], short)


@each_task
def test_prepared_arrays_are_numpy_of_the_promised_shapes_and_types(task: Task):
    prepared = prepare(task, [0, 1], STEPS)
    leaves = jax.tree.leaves(prepared.params)
    assert all(type(leaf) is np.ndarray and leaf.dtype == np.float32 for leaf in leaves)
    assert all(leaf.shape[0] == 2 for leaf in leaves)
    assert prepared.order.dtype == np.int32
    assert prepared.order.shape[:2] == (2, STEPS)
    examples = jax.tree.leaves(prepared.data)
    assert all(type(leaf) is np.ndarray and not leaf.flags.writeable for leaf in examples)
    assert {leaf.dtype for leaf in examples} <= {np.dtype(np.float32), np.dtype(np.int32)}


@each_task
def test_the_checksum_is_that_of_the_examples(task: Task):
    assert task.checksum() == task.checksum()
    assert len(task.checksum()) == 32
    others = [other.checksum() for other in TASKS if other is not task]
    assert task.checksum() not in others


@each_task
def test_fresh_parameters_give_the_expected_loss_and_a_finite_gradient(task: Task):
    params, _, _ = first_seed(prepare(task, [0], STEPS))
    found = evaluate(task, params)
    assert found["validation"] == pytest.approx(task.untrained, rel=0.15)
    assert found["loss"] == pytest.approx(task.untrained, rel=0.35)
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(found["grad"]))
    assert all(np.any(leaf) for leaf in jax.tree.leaves(found["grad"]))
    assert all(leaf.dtype == np.float32 for leaf in jax.tree.leaves(found))


@each_task
def test_float64_agrees_with_float32_and_with_finite_differences(task: Task):
    params, _, _ = first_seed(prepare(task, [0], STEPS))
    single = evaluate(task, params)
    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        params = tree_map(lambda leaf: leaf.astype(np.float64), params)
        direction = tree_map(lambda leaf: np.asarray(rng.normal(size=leaf.shape)), params)
        double = evaluate(task, params, direction)
        ahead = evaluate(task, tree_map(lambda p, d: p + 1e-6 * d, params, direction), direction)
        behind = evaluate(task, tree_map(lambda p, d: p - 1e-6 * d, params, direction), direction)
    assert all(leaf.dtype == np.float64 for leaf in jax.tree.leaves(double))
    assert double["loss"] == pytest.approx(float(single["loss"]), rel=1e-5)
    assert double["validation"] == pytest.approx(float(single["validation"]), rel=1e-5)

    slope = sum(jax.tree.leaves(tree_map(lambda g, d: np.sum(g * d), double["grad"], direction)))
    assert slope == pytest.approx(float(ahead["loss"] - behind["loss"]) / 2e-6, rel=1e-4)
    for curved, up, down in zip(
        *(jax.tree.leaves(part) for part in (double["hvp"], ahead["grad"], behind["grad"])),
        strict=True,
    ):
        np.testing.assert_allclose(curved, (up - down) / 2e-6, rtol=1e-3, atol=1e-5)


@each_task
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_one_parameter_that_is_not_finite_shows_in_both_losses(task: Task, bad: float):
    params, _, _ = first_seed(prepare(task, [0], STEPS))
    leaves, tree = jax.tree.flatten(params)
    for i in range(len(leaves)):
        broken = [np.array(leaf) for leaf in leaves]
        broken[i].reshape(-1)[-1] = bad
        found = evaluate(task, jax.tree.unflatten(tree, broken))
        assert not np.isfinite(found["loss"])
        assert not np.isfinite(found["validation"])


@each_task
@pytest.mark.parametrize("value", [1e4, -1e4, 1e8, -1e8])
def test_one_huge_constant_in_all_weights_does_not_pass_for_a_low_loss(task: Task, value: float):
    params, _, _ = first_seed(prepare(task, [0], STEPS))
    found = evaluate(task, tree_map(lambda leaf: np.full_like(leaf, value), params))
    for loss in (found["loss"], found["validation"]):
        assert not loss < 0.9 * task.untrained


@each_task
def test_adam_gets_well_below_the_untrained_loss_and_stays_above_the_floor(task: Task):
    optimizer = optax.adam(1e-2)

    @jax.jit
    @functools.partial(jax.vmap, in_axes=(0, None, 0))
    def train(params: Any, data: Any, order: Any) -> Any:
        def step(carry: Any, index: Any) -> tuple[Any, None]:
            params, state = carry
            grad = jax.grad(task.loss)(params, data, index)
            updates, state = optimizer.update(grad, state, params)
            return (optax.apply_updates(params, updates), state), None

        (params, _), _ = jax.lax.scan(step, (params, optimizer.init(params)), order)
        return task.validate(params, data)

    trained = np.asarray(train(*prepare(task, [0, 1], task.horizon)))
    assert (trained < task.untrained - 0.5 * (task.untrained - task.floor)).all()
    assert (trained > task.floor).all()


@pytest.mark.parametrize("value", [0.0, 1e8, -1e8, 1e30])
def test_equal_logits_of_any_size_cost_the_logarithm_of_the_classes(value: float):
    loss = jax.jit(cross_entropy)(jnp.full((4, 10), value), jnp.arange(4))
    assert loss == pytest.approx(np.log(10), rel=1e-6)


def test_every_finite_parameter_counts_as_finite():
    huge = {"a": np.full(100, 3e38, np.float32), "b": np.float32(-3e38)}
    assert jax.jit(nan_unless_finite)(huge) == 0
