"""The floors of the tasks, found again from data and equations alone."""

from collections import Counter, defaultdict

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import linprog, minimize

from evaluators import registry
from evaluators.task import Task, prepare
from evaluators.tasks.surfaces.valleys import _turn

pytestmark = pytest.mark.lightly_compiled

TASKS = [registry.get(name) for name in registry.names()]
GUESSED = {"digits", "chars"}
"""Those of the quickstart, whose published results rest on them."""


def start(task: Task):
    return jax.tree.map(lambda leaf: leaf[0], prepare(task, [0], 1).params)


def lowest(name: str, params) -> float:
    """The validation loss where scipy's descent from there ends, in float64."""
    task = registry.get(name)
    with jax.enable_x64(True):
        point, unflatten = jax.flatten_util.ravel_pytree(
            jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), params)
        )
        both = jax.jit(jax.value_and_grad(lambda x: task.validate(unflatten(x), task.data())))
        found = minimize(
            lambda x: tuple(np.asarray(part, float) for part in both(x)),
            np.asarray(point),
            jac=True,
            method="L-BFGS-B",
            options={"maxiter": 20_000, "maxfun": 20_000, "ftol": 1e-15, "gtol": 1e-10},
        )
    return float(found.fun)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_a_floor_says_where_it_comes_from(task: Task):
    kind = task.floor_from.split(":")[0].split(",")[0]
    assert kind == ("a guess" if task.name in GUESSED else kind)
    assert kind in ("exact", "trivial", "a guess")
    assert kind != "trivial" or task.floor == 0


@pytest.mark.parametrize("name", ["quadratic", "scaled", "rosenbrock", "adam_fails"])
def test_the_floor_of_a_surface_is_where_descent_ends(name: str):
    task = registry.get(name)
    assert lowest(name, start(task)) == pytest.approx(task.floor, abs=1e-6)


def test_the_rippled_bowl_is_lowest_where_its_centres_lie_and_not_at_zero():
    task = registry.get("rastrigin")
    zero = jax.tree.map(np.zeros_like, start(task))
    assert float(jax.jit(task.validate)(zero, task.data())) > task.floor + 0.3
    (along_axes,) = task.data().validation
    centre = {"w": (_turn().T @ along_axes).reshape(6, 8).astype(np.float32)}
    assert float(jax.jit(task.validate)(centre, task.data())) == pytest.approx(task.floor, abs=1e-6)
    assert lowest("rastrigin", start(task)) > task.floor + 0.1


def test_the_flat_directions_of_the_ill_conditioned_quadratic_lead_to_the_floor_too():
    task = registry.get("quadratic_ill")
    root, targets = task.data().validation
    best = np.linalg.solve(root.astype(float), targets[0].astype(float)).astype(np.float32)
    start_at = start(task)
    cuts = np.cumsum([start_at["scalar"].size, start_at["vector"].size])
    scalar, vector, matrix = np.split(best, cuts)
    params = {"scalar": scalar[0], "vector": vector, "matrix": matrix.reshape(8, 12)}
    assert float(jax.jit(task.validate)(params, task.data())) == pytest.approx(task.floor, abs=1e-6)


@pytest.mark.parametrize("name", ["deep_linear", "factorisation"])
def test_noise_alone_is_left_at_the_truth(name: str):
    task = registry.get(name)
    assert lowest(name, start(task)) == pytest.approx(task.floor, abs=2e-3)


def test_the_skewed_map_is_worth_the_noise_and_nothing_else_is_worth_less():
    task = registry.get("skewed_map")
    truth, root = (part.astype(float) for part in task.data().validation)
    left, sizes, right = np.linalg.svd(truth)
    halves = [right, np.diag(np.sqrt(sizes)), left * np.sqrt(sizes)]
    weights = [half.astype(np.float32) for half in halves]
    assert float(jax.jit(task.validate)(weights, task.data())) == pytest.approx(
        task.floor, abs=1e-6
    )
    inputs, targets = (part.astype(float) for part in task.data().train)
    np.testing.assert_allclose(np.cov(inputs.T), root @ root.T, atol=0.5)
    assert float(np.mean((targets - inputs @ truth.T) ** 2)) == pytest.approx(task.floor, rel=0.05)


def test_no_linear_map_sharpens_the_validation_squares_better_than_the_floor():
    task = registry.get("deblur")
    inputs, targets = (part.astype(float) for part in task.data().validation)
    left, _, _ = np.linalg.svd(inputs, full_matrices=False)
    within = left[:, :-1]  # squares have no mean, so that the smallest direction is rounding
    beyond = targets - within @ (within.T @ targets)
    assert 0 <= np.mean(beyond**2) - task.floor < 1e-3


def test_a_teacher_is_worth_the_noise_on_its_answers():
    train, validation = registry.get("teacher").data()
    assert float(np.var(validation.targets)) == pytest.approx(1.0, abs=0.1)
    assert registry.get("teacher").floor == pytest.approx(0.1**2)
    assert len(np.unique(train.inputs, axis=0)) == len(train.inputs)


def test_outcomes_of_rare_features_keep_their_entropy():
    task = registry.get("rare_features")
    likely = task.data().validation.targets.astype(float)
    entropy = -np.mean(likely * np.log(likely) + (1 - likely) * np.log1p(-likely))
    assert 0 <= entropy - task.floor < 1e-3


@pytest.mark.parametrize("name", ["breast_cancer", "digits_softmax"])
def test_planes_divide_the_validation_rows_of_the_linear_models(name: str):
    inputs, labels = registry.get(name).data().validation
    rows, classes = np.c_[inputs, np.ones(len(inputs))].astype(float), int(labels.max()) + 1
    margins = []
    for row, label in zip(rows, labels, strict=True):
        for other in set(range(classes)) - {int(label)}:
            margin = np.zeros((classes, rows.shape[1]))
            margin[label], margin[other] = -row, row
            margins.append(margin.ravel())
    bound = -np.ones(len(margins))
    found = linprog(
        np.zeros(len(margins[0])), A_ub=np.array(margins), b_ub=bound, bounds=(None, None)
    )
    assert found.success
    assert registry.get(name).floor == 0


def test_the_parity_is_as_sure_as_the_weights_are_large():
    task = registry.get("parity")
    signs = np.array([[a, b, c] for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)])
    odd = (signs > 0).sum(1) % 2
    hidden, bits = start(task)[0]["w"].shape
    first, second = np.zeros((hidden, bits)), np.zeros((2, hidden))
    first[:8, :3] = 10 * signs
    second[:, :8] = 20 * np.stack([1 - odd, odd])
    layers = [
        {"w": first.astype(np.float32), "b": np.full(hidden, -20, np.float32)},
        {"w": second.astype(np.float32), "b": np.zeros(2, np.float32)},
    ]
    assert float(jax.jit(task.validate)(layers, task.data())) == pytest.approx(task.floor, abs=1e-6)


def test_the_last_layer_of_the_autoencoder_cannot_say_more_than_its_inputs():
    task = registry.get("digits_autoencoder")
    images = task.data().validation.inputs.astype(float)
    inputs = start(task)[-1]["w"].shape[1]
    left = np.linalg.svd(images - images.mean(0), compute_uv=False)[inputs:]
    assert 0 <= np.sum(left**2) / images.size - task.floor < 1e-4


def test_words_with_different_successors_cannot_all_be_told():
    task = registry.get("word_tables")
    followed: dict[int, Counter[int]] = defaultdict(Counter)
    for word, successor in zip(*(part.tolist() for part in task.data().validation), strict=True):
        followed[word][successor] += 1
    entropy = sum(
        -count * np.log(count / counts.total())
        for counts in followed.values()
        for count in counts.values()
    )
    assert 0 <= entropy / len(task.data().validation.targets) - task.floor < 1e-2


@pytest.mark.parametrize(
    ("name", "reach"),
    [
        ("names_window", 4),
        ("names_gru", None),
        ("names_attention", None),
        ("topics_attention", None),
    ],
)
def test_equal_pasts_with_different_successors_cannot_all_be_told(name: str, reach: int | None):
    task = registry.get(name)
    followed: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    windows, successors = task.data().validation
    for window, successor in zip(windows.tolist(), successors.tolist(), strict=True):
        for place, symbol in enumerate(successor, start=1):
            past = window[:place] if reach is None else ([-1] * reach + window[:place])[-reach:]
            followed[tuple(past)][symbol] += 1
    entropy = sum(
        -count * np.log(count / counts.total())
        for counts in followed.values()
        for count in counts.values()
    )
    assert 0 <= entropy / successors.size - task.floor < 1e-3
