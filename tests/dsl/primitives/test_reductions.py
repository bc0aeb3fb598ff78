"""Reductions, per tensor or over the model, and how their values broadcast."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dsl import PRIMITIVES
from dsl.program import INPUTS
from dsl.program.parse import parse
from dsl.run.interpret import run_step
from tests.support.running import PolynomialStep

SHAPES = ((), (3,), (2, 1, 2, 2))


def value(text: str, slots: dict | None = None, shapes=SHAPES, **inputs):
    """The result of a rule `return <text>` in NumPy; w counts up from 1."""
    w = [np.arange(1.0, 1 + math.prod(s)).reshape(s) for s in shapes]
    given_inputs = {"w": w, "g": [-leaf for leaf in w], "t": np.float64(3), **inputs}
    names = ", ".join(n for n in INPUTS if n in given_inputs)
    program = parse(f"def rule({names}):\n    return {text}")
    return run_step(program, given_inputs, slots or {}, PolynomialStep(0, w), np)[0]


def test_reductions_are_per_tensor_or_over_the_model():
    ones, threes = [np.full(shape, 1.0) for shape in SHAPES], [1.0, 3.0, 8.0]
    w = [np.arange(1.0, 1 + math.prod(s)).reshape(s) for s in SHAPES]
    everything = np.concatenate([leaf.ravel() for leaf in w])
    per_tensor = {
        "norm(w)": [np.sqrt(np.sum(x**2)) for x in w],
        "l1_norm(g)": [np.sum(x) for x in w],
        "max_abs(g)": [np.max(x) for x in w],
        "rms(w)": [np.sqrt(np.mean(x**2)) for x in w],
        "mean(g)": [-np.mean(x) for x in w],
        "sum(g)": [-np.sum(x) for x in w],
        "dot(w, g)": [-np.sum(x**2) for x in w],
        "norm(2)": [2 * np.sqrt(n) for n in threes],
        "sum(t)": [3 * n for n in threes],
    }
    for text, wanted in per_tensor.items():
        for met, number, one in zip(value(text), wanted, ones, strict=True):
            np.testing.assert_allclose(met, number * one, rtol=1e-14)
    whole = {
        "global_norm(g)": np.sqrt(np.sum(everything**2)),
        "global_dot(w, g)": -np.sum(everything**2),
        "global_mean(g)": -np.mean(everything),
        "global_norm(1)": np.sqrt(12),
        "global_mean(norm(w))": np.dot([1, 3, 8], per_tensor["norm(w)"]) / 12,
        "cosine_sim(w, g)": -1.0,
        "cosine_sim(w, 0)": 0.0,
        "global_norm(clip_by_global_norm(g, 2))": 2.0,
        "global_norm(clip_by_global_norm(g, 1e6))": np.sqrt(np.sum(everything**2)),
        "global_norm(clip_by_global_norm(0, 1))": 0.0,
    }
    for text, wanted in whole.items():
        for met in value(text):
            np.testing.assert_allclose(met, wanted, rtol=1e-14)


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
def test_a_quantile_is_linear_between_the_entries_of_a_tensor(xp):
    meaning = PRIMITIVES["quantile"].meaning
    with jax.enable_x64(True), np.errstate(invalid="ignore"):
        for shape in SHAPES:
            x = np.random.Generator(np.random.PCG64(5)).normal(size=shape)
            for q in (0.0, 0.1, 1 / 3, 0.5, 0.95, 1.0):
                met = meaning(xp, xp.asarray(x), q)
                np.testing.assert_allclose(met, np.quantile(x, q), rtol=1e-14)
            assert all(np.isnan(meaning(xp, xp.asarray(x), q)) for q in (-0.1, 1.1, np.nan))
        ends = xp.asarray([np.inf, 1.0, -np.inf, np.nan])
        met = [float(meaning(xp, ends, k / 3)) for k in range(4)]
        np.testing.assert_array_equal(met, [-np.inf, 1.0, np.inf, np.nan])
        assert meaning(xp, xp.zeros((0,)), 0.5) == 0


def test_block_mean_keeps_shapes_and_averages_the_trailing_axes():
    shapes = ((), (4,), (3, 4), (2, 3, 4), (2, 3, 4, 5), (2, 1, 2, 2, 3))
    axes = ((), (), (1,), (2,), (2, 3), (2, 3, 4))
    w = [np.arange(1.0, 1 + math.prod(s)).reshape(s) for s in shapes]
    for met, leaf, over in zip(value("block_mean(w)", shapes=shapes), w, axes, strict=True):
        wanted = np.mean(leaf, axis=over, keepdims=True) if over else leaf
        np.testing.assert_array_equal(met, np.broadcast_to(wanted, leaf.shape))


def test_lower_kinds_lift_by_broadcasting():
    for met, leaf in zip(value("t"), value("w"), strict=True):
        np.testing.assert_array_equal(met, np.full(leaf.shape, 3.0))
    for met, leaf in zip(value("w * norm(w) + t * 2"), value("w"), strict=True):
        np.testing.assert_array_equal(met, leaf * np.sqrt(np.sum(leaf**2)) + 6)


def test_tensors_without_entries_and_models_without_tensors_do_not_raise():
    for text in (
        "max_abs(w)",
        "quantile(w, 1)",
        "sum(w) + global_norm(w)",
        "clip_by_global_norm(w, 1)",
    ):
        assert [x.shape for x in value(text, shapes=((0,), (2, 0), (2,)))] == [(0,), (2, 0), (2,)]
    assert value("w * global_norm(w)", shapes=()) == []
