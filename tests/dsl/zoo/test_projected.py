"""SGDP and AdamP: which weights their steps leave the direction of, at every rank."""

import numpy as np
import pytest

from dsl.run.interpret import run_step
from dsl.zoo import ZOO
from tests.dsl.zoo.references import walks
from tests.dsl.zoo.references.model import SHAPES

NAMES = ("adamp", "sgdp")


@pytest.mark.torch
@pytest.mark.parametrize("delta", [0.1, 3.0])
@pytest.mark.parametrize("name", NAMES)
def test_a_projection_is_that_of_the_library_at_any_threshold(name: str, delta: float):
    pytest.importorskip("pytorch_optimizer")
    assert walks.difference(name, "decaying", delta=delta) <= 1e-10


def step(name: str, w: np.ndarray, g: np.ndarray, **changed: float) -> np.ndarray:
    """The first step on one tensor."""
    program = ZOO[name]
    inputs = {"w": [w], "g": [g], "t": np.float64(1), **program.hyperparameters, **changed}
    slots = {slot: [np.zeros_like(w)] for slot in program.slots}
    return run_step(program, inputs, slots, None, np)[0][0]  # pyright: ignore[reportArgumentType]


def along(x: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Inner products of the slices along the first axis."""
    return np.sum((x * w).reshape(len(w), -1), axis=1)


@pytest.mark.parametrize("rank", [2, 3, 4])
@pytest.mark.parametrize("name", NAMES)
def test_a_step_has_no_part_along_weights_that_the_gradient_is_orthogonal_to(name, rank):
    rng = np.random.default_rng(5)
    w, g = (rng.normal(size=SHAPES[rank]) for _ in range(2))
    by_unit = g - w * (along(g, w) / along(w, w)).reshape(-1, *[1] * (rank - 1))
    met = step(name, w, by_unit)
    np.testing.assert_allclose(along(met, w), 0, atol=1e-9)
    uneven = np.linspace(1, 2, len(w)).reshape(-1, *[1] * (rank - 1))
    at_all = uneven * (g + w)
    at_all = at_all - w * np.vdot(at_all, w) / np.vdot(w, w)
    met = step(name, w, at_all)
    assert abs(np.vdot(met, w)) < 1e-9 and np.max(np.abs(along(met, w))) > 1e-6
    assert abs(np.vdot(step(name, w, g + w), w)) > 1e-5


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("name", NAMES)
def test_numbers_and_vectors_are_stepped_as_ever(name, rank):
    w = np.ones(SHAPES[rank])
    g = np.zeros(SHAPES[rank]) + np.arange(w.size).reshape(w.shape)
    never, always = (step(name, w, g, wd=0.5, delta=delta) for delta in (0.0, 1e9))
    np.testing.assert_array_equal(never, always)


@pytest.mark.parametrize("name", NAMES)
def test_decay_is_smaller_where_the_size_of_weights_means_nothing(name):
    w, g = np.ones((3, 2)), np.array([[1.0, -1.0]] * 3)
    decay = step(name, w, g, wd=0.5) - step(name, w, g)
    np.testing.assert_allclose(decay, 0.1 * 0.5 * ZOO[name].hyperparameters["lr"] * w, rtol=1e-6)
