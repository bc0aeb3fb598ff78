"""Losses on labels that a model draws itself: who offers them, and what they are good for."""

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import pytest

from dsl.zoo import ZOO
from evaluators import registry
from evaluators.evaluation import Outcome
from evaluators.evaluator import Evaluator
from evaluators.request import JudgingSetup
from evaluators.suites import TaskChoice
from evaluators.task import Task, prepare
from evaluators.tasks._losses import CROSS_ENTROPY, LOGISTIC, SQUARED_ERROR

pytestmark = pytest.mark.lightly_compiled

PREDICTING = [task for task in map(registry.get, registry.names()) if task.outputs is not None]
DRAWS = 2000


def first_batch(task: Task):
    ready = prepare(task, [0], 1)
    params = jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), ready.params)
    return params, ready.data, ready.order[0, 0]


def test_every_task_that_predicts_draws_too_and_the_surfaces_do_neither():
    names = {task.name for task in PREDICTING}
    assert all(task.sampled is not None for task in PREDICTING)
    others = {name for name in registry.names() if registry.get(name).sampled is None}
    assert others == set(registry.names()) - names
    assert others == {
        "adam_fails",
        "quadratic",
        "quadratic_ill",
        "rastrigin",
        "rosenbrock",
        "scaled",
    }


@pytest.mark.parametrize("name", ["digits", "rare_features", "factorisation", "names_gru", "chars"])
def test_drawn_labels_differ_by_key_and_let_no_derivative_through(name: str):
    task = registry.get(name)
    params, data, index = first_batch(task)
    sampled = task.sampled
    assert sampled is not None
    losses = jax.jit(jax.vmap(lambda key: sampled(params, data, index, key)))(
        jax.random.split(jax.random.key(0), 4)
    )
    assert len(set(losses.tolist())) == 4
    assert np.isfinite(losses).all()


@pytest.mark.parametrize("name", ["digits_softmax", "rare_features", "diabetes", "factorisation"])
def test_squared_gradients_on_drawn_labels_give_the_curvature_on_average(name: str):
    """The gradient is 0 on average, and its square times the batch the Gauss-Newton diagonal."""
    task = registry.get(name)
    params, data, index = first_batch(task)
    sampled, outputs_of = task.sampled, task.outputs
    assert sampled is not None and outputs_of is not None
    flat, unflatten = jax.flatten_util.ravel_pytree(params)
    gradient = jax.grad(lambda x, key: sampled(unflatten(x), data, index, key))
    keys = jax.random.split(jax.random.key(1), DRAWS)
    drawn = np.asarray(jax.jit(jax.vmap(gradient, (None, 0)))(flat, keys), float)

    @jax.jit
    def bent(x):
        outputs, loss_of = outputs_of(unflatten(x), data, index)
        jacobian = jax.jacobian(lambda at: outputs_of(unflatten(at), data, index)[0].ravel())(x)
        inner = jax.hessian(lambda made: loss_of(made.reshape(outputs.shape)))(outputs.ravel())
        return jnp.einsum("op,oq,qp->p", jacobian, inner, jacobian)

    curvature = np.asarray(bent(flat), float)

    error = drawn.std(0) / np.sqrt(DRAWS)
    assert np.all(np.abs(drawn.mean(0)) <= 6 * error + 1e-7)
    squares = len(index) * drawn**2
    sums = squares.sum(1)
    assert sums.mean() == pytest.approx(curvature.sum(), abs=4 * sums.std() / np.sqrt(DRAWS))
    assert sums.mean() == pytest.approx(curvature.sum(), rel=0.1)
    spread = squares.std(0) / np.sqrt(DRAWS)
    assert np.mean(np.abs(squares.mean(0) - curvature) <= 4 * spread + 1e-7) > 0.98


@pytest.mark.parametrize("loss", [CROSS_ENTROPY, LOGISTIC, SQUARED_ERROR])
def test_drawn_targets_are_what_the_loss_takes(loss):
    outputs = jnp.zeros((5, 1 if loss is LOGISTIC else 3))
    drawn = loss.draw(jax.random.key(0), outputs)
    assert drawn.shape == (outputs.shape if loss is SQUARED_ERROR else (5,))
    assert np.isfinite(loss.mean(outputs, drawn))


def test_sophia_g_trains_on_digits_and_is_told_what_a_quadratic_cannot_do():
    sophia = ZOO["sophia_g"].with_hyperparameters(lr=0.01, labels=64, wd=0.0)
    baseline = ZOO["adamw"].with_hyperparameters(lr=0.01)
    found = Evaluator(JudgingSetup((TaskChoice("digits", 100),), baseline)).evaluate(sophia, (3, 4))
    assert found.outcome is Outcome.OK
    assert found.score > 0.6
    surface = Evaluator(JudgingSetup((TaskChoice("quadratic", 20),), baseline))
    refused = surface.evaluate(sophia, (3,))
    assert refused.outcome is Outcome.DOES_NOT_FIT
