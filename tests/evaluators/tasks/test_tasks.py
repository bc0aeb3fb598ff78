"""Checks of every registered proxy task; a new one is covered at once."""

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from dsl import to_optax
from dsl.language.registry import PRIMITIVES
from dsl.program import Program
from dsl.rewrite.liveness import sources
from dsl.run.machine.opcodes import elementwise
from dsl.zoo import ZOO
from evaluators import registry, suites
from evaluators.cost import flops
from evaluators.score import progress
from evaluators.task import Prepared, Task, prepare
from evaluators.tasks._losses import cross_entropy, nan_unless_finite
from evaluators.training.choice import Engine
from evaluators.training.trainer import Trainer
from tests.support.everyday import EVERYDAY_TASKS

pytestmark = pytest.mark.lightly_compiled

STEPS = 3
TASKS = [registry.get(name) for name in registry.names()]
each_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)

QUICK = {"xla_backend_optimization_level": 0}
"""Compiler options: most of a test's time goes into compiling."""


def each_task_but_slow(cost: Callable[[Task], float] | None = None, above: float = 0) -> Any:
    """Every task; those that are not in the sample, or cost more, under the marker `slow`."""
    marked = [
        pytest.param(
            task,
            id=task.name,
            marks=()
            if task.name in EVERYDAY_TASKS and (cost is None or cost(task) <= above)
            else pytest.mark.slow,
        )
        for task in TASKS
    ]
    return pytest.mark.parametrize("task", marked)


each_task_compiled = each_task_but_slow()


def tree_map(function: Callable[..., Any], *trees: Any) -> Any:
    return jax.tree.map(function, *trees)


def first_seed(prepared: Prepared) -> tuple[Any, Any, np.ndarray]:
    """Parameters, data and first batch of the first seed."""
    return tree_map(lambda leaf: leaf[0], prepared.params), prepared.data, prepared.order[0, 0]


def on_device(data: Any) -> Any:
    """The data as JAX holds them: NumPy arrays would be copied at every call."""
    return tree_map(jnp.asarray, data)


def same(a: Any, b: Any) -> bool:
    return all(jax.tree.leaves(tree_map(np.array_equal, a, b)))


@functools.cache
def compiled(task: Task) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """The loss with its gradient, and the validation loss; compiled once per task and precision."""
    return (
        jax.jit(jax.value_and_grad(task.loss), compiler_options=QUICK),
        jax.jit(task.validate, compiler_options=QUICK),
    )


@functools.cache
def compiled_product(task: Task) -> Callable[..., Any]:
    """A Hessian-vector product, with the loss, the validation loss and the gradient."""

    def evaluate(params: Any, data: Any, index: Any, direction: Any) -> dict[str, Any]:
        def gradient(point: Any) -> Any:
            return jax.grad(task.loss)(point, data, index)

        grad, curved = jax.jvp(gradient, (params,), (direction,))
        loss, validation = task.loss(params, data, index), task.validate(params, data)
        return {"loss": loss, "validation": validation, "grad": grad, "hvp": curved}

    return jax.jit(evaluate, compiler_options=QUICK)


def evaluate(task: Task, params: Any) -> dict[str, Any]:
    _, data, index = first_seed(prepare(task, [0], STEPS))
    value_and_gradient, validate = compiled(task)
    with jax.numpy_rank_promotion("raise"):
        loss, grad = value_and_gradient(params, data, index)
        found = {"loss": loss, "validation": validate(params, data), "grad": grad}
    return tree_map(np.asarray, found)


def evaluate_twice(task: Task, params: Any, direction: Any) -> dict[str, Any]:
    """As `evaluate`, and the curvature in a direction; for double precision."""
    _, data, index = first_seed(prepare(task, [0], STEPS))
    with jax.numpy_rank_promotion("raise"):
        return tree_map(np.asarray, compiled_product(task)(params, data, index, direction))


def entrywise(program: Program) -> bool:
    """True if the rule may be handed all parameters as one vector."""
    return all(elementwise(PRIMITIVES[statement.op]) for statement in program.statements)


def trained(task: Task, rule: str, constants: dict[str, float], seed: int, steps: int = 0) -> float:
    """Validation loss after training with a rule of the zoo, to the horizon if `steps` is 0."""
    steps = steps or task.horizon
    program = ZOO[rule].with_hyperparameters(**constants)
    if sources(program) or not entrywise(program):
        ((run,),) = Trainer(task, steps, (), width=1, engine=Engine.COMPILED).run(program, [seed])
        return run.loss
    ready = prepare(task, [seed], steps)
    params, data, _ = first_seed(ready)
    data = on_device(data)
    value_and_gradient, validate = compiled(task)
    flat, unflatten = jax.flatten_util.ravel_pytree(params)
    optimizer = to_optax(program, horizon=steps)
    state = optimizer.init(flat)

    @jax.jit
    def update(flat: Any, grad: Any, state: Any) -> Any:
        gradient, _ = jax.flatten_util.ravel_pytree(grad)
        move, state = optimizer.update(gradient, state, flat)
        flat = optax.apply_updates(flat, move)
        return flat, unflatten(flat), state

    for index in ready.order[0]:
        _, grad = value_and_gradient(params, data, index)
        flat, params, state = update(flat, grad, state)
    return float(validate(params, data))


@each_task
def test_a_seed_means_the_same_parameters_and_order_in_any_company(task: Task):
    alone, together = prepare(task, [7], STEPS), prepare(task, [3, 7], STEPS)
    assert same(alone.params, tree_map(lambda leaf: leaf[1:], together.params))
    assert np.array_equal(alone.order, together.order[1:])
    assert alone.data is together.data


@each_task
def test_seeds_differ_in_every_random_parameter_and_in_order(task: Task):
    prepared = prepare(task, [0, 1], STEPS)
    leaves = jax.tree.leaves(prepared.params)
    random = [leaf for leaf in leaves if np.ptp(leaf[0]) > 0 or (leaf.ndim == 1 and leaf[0])]
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
    assert task.checksum() == task.digest


@functools.cache
def checksums() -> dict[str, str]:
    """The checksum of every task by its name."""
    return {task.name: task.checksum() for task in TASKS}


@each_task
def test_other_data_sets_have_other_checksums(task: Task):
    others = {other.name for other in TASKS if other.dataset != task.dataset}
    found = checksums()
    assert found[task.name] not in [found[name] for name in others]


@each_task_compiled
def test_fresh_parameters_give_the_expected_loss_and_a_finite_gradient(task: Task):
    ready = prepare(task, list(range(8)), 8)
    value_and_gradient, validate = compiled(task)
    fresh = [tree_map(lambda leaf, at=at: leaf[at], ready.params) for at in range(8)]
    data = on_device(ready.data)
    validation = [float(validate(params, data)) for params in fresh]
    assert np.mean(validation) == pytest.approx(task.untrained, rel=0.1)

    loss, grad = value_and_gradient(fresh[0], data, ready.order[0, 0])
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(grad))
    assert all(np.any(leaf) for leaf in jax.tree.leaves(grad))
    assert all(leaf.dtype == np.float32 for leaf in jax.tree.leaves((loss, grad)))


@each_task_compiled
def test_batches_have_the_loss_of_validation_on_average(task: Task):
    ready = prepare(task, list(range(8)), 8)
    value_and_gradient, _ = compiled(task)
    data, losses = on_device(ready.data), []
    for at in range(8):
        params = tree_map(lambda leaf, at=at: leaf[at], ready.params)
        losses += [float(value_and_gradient(params, data, i)[0]) for i in ready.order[at]]
    error = np.std(losses) / np.sqrt(len(losses))
    assert abs(np.mean(losses) - task.untrained) < 0.2 * task.untrained + 4 * error


@each_task
def test_what_a_task_states_of_itself_is_in_order(task: Task):
    assert task.floor < task.best.loss < task.untrained
    assert set(task.best.constants) == set(ZOO[task.best.rule].hyperparameters)
    assert f"({task.parameters():,} parameters)" in task.summary
    assert task.dataset.isidentifier() or task.dataset.replace(".", "").isidentifier()


@each_task_compiled
def test_the_stated_cost_is_that_of_a_gradient(task: Task):
    assert task.flops == pytest.approx(flops(task), rel=0.05)


@each_task_but_slow(lambda task: task.flops * task.horizon, above=5e8)
def test_the_stated_rule_comes_near_the_stated_loss_and_stays_above_the_floor(task: Task):
    loss = trained(task, task.best.rule, dict(task.best.constants), seed=2)
    assert loss > task.floor
    assert loss < task.untrained - 0.35 * (task.untrained - task.floor)
    assert progress(task, loss) > 0.6 * progress(task, task.best.loss)


def test_the_sample_has_tasks_of_every_suite():
    for name in suites.names():
        assert EVERYDAY_TASKS.keys() & {choice.name for choice in suites.load_suite(name).tasks}


def test_all_shapes_that_a_rule_may_treat_otherwise_occur():
    leaves = [leaf for task in TASKS for leaf in jax.tree.leaves(prepare(task, [0], 1).params)]
    assert {leaf.ndim - 1 for leaf in leaves} == {0, 1, 2, 3, 4}


def test_adam_of_a_short_memory_climbs_where_momentum_descends():
    task = registry.get("adam_fails")
    short = {"b1": 0.9, "b2": 0.99, "wd": 0.0}
    for rate in (1e-3, 1e-2, 1e-1):
        assert trained(task, "adamw", {**short, "lr": rate}, seed=0) > task.untrained
    assert trained(task, "heavy_ball", {"lr": 0.03}, seed=0) < 0.5 * task.untrained


@each_task_but_slow(lambda task: task.flops, above=5e5)
def test_float64_agrees_with_float32_and_with_finite_differences(task: Task):
    params, _, _ = first_seed(prepare(task, [0], STEPS))
    single = evaluate(task, params)
    with jax.enable_x64(True):
        rng = np.random.default_rng(0)
        params = tree_map(lambda leaf: leaf.astype(np.float64), params)
        direction = tree_map(lambda leaf: np.asarray(rng.normal(size=leaf.shape)), params)
        double = evaluate_twice(task, params, direction)
        ahead = evaluate_twice(
            task, tree_map(lambda p, d: p + 1e-6 * d, params, direction), direction
        )
        behind = evaluate_twice(
            task, tree_map(lambda p, d: p - 1e-6 * d, params, direction), direction
        )
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


@each_task_compiled
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


@each_task_compiled
@pytest.mark.parametrize("value", [1e4, -1e4, 1e8, -1e8])
def test_one_huge_constant_in_all_weights_does_not_pass_for_a_low_loss(task: Task, value: float):
    params, _, _ = first_seed(prepare(task, [0], STEPS))
    found = evaluate(task, tree_map(lambda leaf: np.full_like(leaf, value), params))
    for loss in (found["loss"], found["validation"]):
        assert not loss < 0.9 * task.untrained


@pytest.mark.parametrize("value", [0.0, 1e8, -1e8, 1e30])
def test_equal_logits_of_any_size_cost_the_logarithm_of_the_classes(value: float):
    loss = jax.jit(cross_entropy)(jnp.full((4, 10), value), jnp.arange(4))
    assert loss == pytest.approx(np.log(10), rel=1e-6)


def test_every_finite_parameter_counts_as_finite():
    huge = {"a": np.full(100, 3e38, np.float32), "b": np.float32(-3e38)}
    assert jax.jit(nan_unless_finite)(huge) == 0
