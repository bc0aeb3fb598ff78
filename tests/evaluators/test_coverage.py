"""The coverage of the tasks by what they do: every kind of problem that a rule is judged on."""

from collections.abc import Callable
from typing import Any

import jax
import jax.flatten_util
import jax.numpy as jnp
import numpy as np
import pytest

from evaluators import registry, suites
from evaluators.suites import load_suite
from evaluators.task import Task, prepare

pytestmark = pytest.mark.lightly_compiled

TASKS = [registry.get(name) for name in registry.names()]
PAST = {"names_window": 4, "names_gru": 12, "names_attention": 16, "topics_attention": 16}
"""The reach of the models of text."""


def start(task: Task):
    return jax.tree.map(lambda leaf: jnp.asarray(leaf[0]), prepare(task, [0], 1).params)


def made_by(task: Task) -> Callable[..., Any]:
    """The outputs of a task's model on parameters, data and a batch."""
    outputs_of = task.outputs
    assert outputs_of is not None
    return jax.jit(lambda params, data, index: outputs_of(params, data, index)[0])


def kernels(task: Task) -> list[int]:
    """Ranks of the parameters."""
    return [np.ndim(leaf) for leaf in jax.tree.leaves(start(task))]


def modelled(ending: str) -> list[Task]:
    return [task for task in TASKS if task.model.endswith(ending)]


def hessian(task: Task, nearer: float = 1.0) -> np.ndarray:
    """Of the validation loss, where training starts or so many times as near to zero."""
    with jax.enable_x64(True):
        params = jax.tree.map(lambda leaf: nearer * jnp.asarray(leaf, jnp.float64), start(task))
        flat, unflatten = jax.flatten_util.ravel_pytree(params)
        found = jax.jit(jax.hessian(lambda x: task.validate(unflatten(x), task.data())))(flat)
        return np.asarray(found)


@pytest.mark.parametrize(
    ("name", "condition", "rotated"),
    [("quadratic", 1e3, True), ("quadratic_ill", 1e6, True), ("scaled", 1e4, False)],
)
def test_quadratics_are_of_the_chosen_condition_and_rotation(name, condition, rotated):
    matrix = hessian(registry.get(name))
    curvatures = np.linalg.eigvalsh(matrix)
    assert curvatures[-1] / curvatures[0] == pytest.approx(condition, rel=0.05)
    off = np.linalg.norm(matrix - np.diag(np.diag(matrix))) / np.linalg.norm(matrix)
    assert off > 0.5 if rotated else off < 1e-9


@pytest.mark.parametrize(
    ("name", "noisy"), [("quadratic", True), ("scaled", True), ("quadratic_ill", False)]
)
def test_surfaces_have_the_chosen_noise(name, noisy):
    task = registry.get(name)
    ready = prepare(task, [0], 2)
    gradient = jax.jit(jax.grad(task.loss))
    one, two = (gradient(start(task), ready.data, index) for index in ready.order[0])
    apart = max(
        float(jnp.max(jnp.abs(a - b)))
        for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(two), strict=True)
    )
    assert apart > 1e-3 if noisy else apart < 1e-5


@pytest.mark.parametrize(("name", "nearer"), [("rastrigin", 1.0), ("rosenbrock", 0.3)])
def test_other_surfaces_are_not_convex(name, nearer):
    assert np.linalg.eigvalsh(hessian(registry.get(name), nearer))[0] < 0


def test_there_is_regression_of_every_linear_kind():
    assert {"breast_cancer", "rare_features"} <= {
        task.name for task in modelled("logistic_regression")
    }
    (softmax,) = modelled("softmax_regression")
    assert all(kernels(task) == [1, 2] for task in (*modelled("logistic_regression"), softmax))
    assert np.linalg.eigvalsh(hessian(registry.get("breast_cancer")))[0] > -1e-9


def test_networks_differ_in_activation_and_depth():
    networks = modelled("_mlp")
    activations = {task.model.removesuffix("_mlp").split("_")[-1] for task in networks}
    assert {"relu", "tanh", "silu", "gelu", "elu", "sine"} <= activations
    assert {1, 2, 4} <= {kernels(task).count(2) - 1 for task in networks}


def test_convolutions_run_along_lines_and_over_squares():
    assert {rank for task in modelled("conv_1d") for rank in kernels(task)} >= {3}
    assert {rank for task in modelled("conv_2d") for rank in kernels(task)} >= {4}
    assert {rank for task in modelled("conv_autoencoder") for rank in kernels(task)} >= {4}


@pytest.mark.parametrize("name", PAST)
def test_models_of_text_look_back_as_far_as_they_say_and_never_ahead(name):
    task, place = registry.get(name), 2
    data, params = task.data(), start(task)
    index = jnp.arange(2)
    windows = np.array(data.train.inputs[:2])
    windows[:, place] = (windows[:, place] + 1) % 20
    other = data._replace(train=data.train._replace(inputs=windows))
    outputs = made_by(task)
    before, after = (outputs(params, each, index) for each in (data, other))
    changed = np.any(np.abs(np.asarray(before - after)) > 1e-7, axis=(0, 2))
    seen = np.arange(len(changed))
    assert changed.tolist() == ((seen >= place) & (seen < place + PAST[name])).tolist()


def test_the_quickstarts_model_of_characters_is_recurrent():
    task = registry.get("chars")
    data, params = task.data(), start(task)
    windows = np.array(data.train[:1])
    windows[:, 2] = (windows[:, 2] + 1) % 20
    outputs = made_by(task)
    before, after = (
        outputs(params, data._replace(train=each), jnp.arange(1)) for each in (data.train, windows)
    )
    changed = np.any(np.abs(np.asarray(before - after)) > 1e-9, axis=1)
    assert changed.tolist() == [place >= 2 for place in range(8)]


def test_autoencoders_give_back_their_inputs_through_a_narrow_place():
    found = modelled("autoencoder")
    assert len(found) >= 2
    for task in found:
        train = task.data().train
        assert np.array_equal(train.inputs, train.targets)
        widths = [leaf.shape[-1] for leaf in jax.tree.leaves(start(task)) if leaf.ndim == 2]
        assert min(widths) <= train.inputs.shape[1] // 4


def test_a_table_of_numbers_is_regressed_and_a_matrix_is_factored():
    diabetes, factored = registry.get("diabetes"), registry.get("factorisation")
    assert diabetes.data().train.targets.dtype == np.float32
    places = factored.data().train.inputs
    rows, columns = start(factored)["rows"], start(factored)["columns"]
    assert (places.max(0) + 1).tolist() == [len(rows), len(columns)]
    assert rows.shape[1] == columns.shape[1] < min(len(rows), len(columns)) // 10


MATRICES = {
    "search": {"deblur", "facts", "skewed_map"},
    "meta_validation": {"digits_blurred", "in_context"},
    "held_out": {"deblur_deep", "word_tables"},
}
"""The tasks of each suite that show what a rule for matrices is for."""


@pytest.mark.parametrize("suite", MATRICES)
def test_every_suite_has_tasks_of_matrices_and_nothing_else(suite):
    listed = {choice.name for choice in load_suite(suite).tasks}
    assert listed >= MATRICES[suite]
    assert all(set(kernels(registry.get(name))) == {2} for name in MATRICES[suite])


@pytest.mark.parametrize("name", ["deblur", "deblur_deep", "digits_blurred", "skewed_map"])
def test_inputs_are_skewed_along_directions_that_are_no_coordinates(name):
    inputs = registry.get(name).data().train.inputs.astype(float)
    along = np.linalg.eigvalsh(np.cov(inputs.T))[::-1]
    assert along[0] > 15 * along[len(along) // 2]
    coordinates = np.sort(inputs.var(0))[::-1]
    assert along[0] > 2 * coordinates[0]


def test_facts_are_more_than_a_matrix_has_rows_and_a_few_are_told_most_often():
    task = registry.get("facts")
    questions, answers = task.data().validation
    told, given = task.data().train
    assert len(set(answers.tolist())) == len(questions) > questions.shape[1]
    right = dict(zip(map(bytes, questions), answers.tolist(), strict=True))
    assert np.mean([right[bytes(q)] == a for q, a in zip(told, given, strict=True)]) > 0.85
    counts = [np.sum(np.all(told == question, axis=1)) for question in questions]
    assert counts[0] > 10 * counts[-1] > 0


def test_a_prompt_can_be_answered_from_its_pairs_alone():
    prompts, asked = registry.get("in_context").data().validation
    pairs, last = prompts[:, :-1].astype(float), prompts[:, -1].astype(float)
    assert not last[:, -1].any()
    found = [np.linalg.lstsq(rows[:, :-1], rows[:, -1], rcond=None)[0] for rows in pairs]
    answers = np.einsum("pi,pi->p", last[:, :-1], np.stack(found))
    np.testing.assert_allclose(answers, asked[:, 0], atol=1e-4)


def test_rows_of_word_tables_are_seen_as_often_as_words_occur():
    seen = np.bincount(registry.get("word_tables").data().train.inputs)
    assert len(seen) == len(start(registry.get("word_tables"))["input"])
    assert seen[:10].sum() > 5 * seen[-50:].sum() > 0


def test_labels_are_rare_or_wrong_in_training_alone():
    digits, rare, wrong = (
        registry.get(name).data() for name in ("digits", "digits_long_tail", "digits_mislabelled")
    )
    counts = np.bincount(rare.train.targets)
    assert counts[0] > 30 * counts[-1] > 0
    assert 0.25 < np.mean(wrong.train.targets != digits.train.labels) < 0.35
    for spoilt in (rare, wrong):
        assert np.array_equal(spoilt.validation.targets, digits.validation.labels)


def test_the_horizon_of_a_task_is_what_its_suite_trains_it_for():
    for name in suites.names():
        for choice in load_suite(name).tasks:
            assert choice.steps == registry.get(choice.name).horizon
