"""Numbers that come back from eight bits."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dsl import PRIMITIVES
from dsl.run.interpret import run_step
from dsl.run.values import initial
from dsl.zoo import ZOO
from tests.dsl.zoo.references.dense import DENSE, At
from tests.dsl.zoo.references.dense.codec import CODES, restored
from tests.support.running import PolynomialStep

pytestmark = pytest.mark.lightly_compiled

quantized = PRIMITIVES["quantized"].meaning


@pytest.mark.parametrize("signed", [True, False])
def test_the_numbers_of_the_map_come_back_as_they_are(signed: bool):
    code = CODES[signed]
    assert len(set(code)) == 256 and code[-1] == 1
    assert code[0] == (-0.99296875 if signed else 0)
    assert code[code > 0][0] == pytest.approx(5.5e-7 if signed else 3.25e-7)
    np.testing.assert_allclose(quantized(np, 4 * code, float(signed), 256), 4 * code, rtol=1e-15)


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
@pytest.mark.parametrize("block", [1, 2, 5, 64, 1000])
@pytest.mark.parametrize("signed", [True, False])
def test_blocks_run_over_the_entries_in_order_and_the_last_may_be_short(xp, block, signed):
    rng = np.random.Generator(np.random.PCG64(3))
    with jax.enable_x64(True):
        for shape in ((), (7,), (6, 11), (2, 3, 4, 5)):
            x = rng.normal(size=shape) * 10 ** rng.uniform(-6, 1, shape)
            x = np.asarray(x if signed else np.abs(x))
            met = quantized(xp, xp.asarray(x), float(signed), block)
            np.testing.assert_allclose(met, restored(x, signed, block), rtol=1e-14)


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
def test_signs_are_kept_except_where_there_are_none(xp):
    x = np.array([1.0, -1e-9, 1e-9, 0.0, -1.0])
    with jax.enable_x64(True), np.errstate(invalid="ignore", divide="ignore"):
        kept = quantized(xp, xp.asarray(x), 1.0, 8)
        np.testing.assert_allclose(kept, [1, -5.5e-7, 0, 0, -0.99296875], rtol=1e-14)
        np.testing.assert_array_equal(quantized(xp, xp.asarray(x), 0.0, 8), [1, 0, 0, 0, 0])
        nothing = quantized(xp, xp.zeros(3), 1.0, 2)
        np.testing.assert_array_equal(nothing, [0, 0, 0])


@pytest.mark.parametrize("xp", [np, jnp], ids=["numpy", "jax"])
@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_a_block_that_is_not_finite_becomes_nan_and_the_others_stay(xp, odd):
    with jax.enable_x64(True), np.errstate(invalid="ignore"):
        met = np.asarray(quantized(xp, xp.asarray([0.5, 0.0, odd, 0.5, 0.5, 0.0]), 1.0, 2))
        np.testing.assert_array_equal(met, [0.5, 0, np.nan, np.nan, 0.5, 0])
        assert quantized(xp, xp.zeros((0, 2)), 1.0, 2).shape == (0, 2)


@pytest.mark.parametrize("block", [np.nan, -3.0, 0.0, 1.2])
def test_a_block_has_one_entry_at_least(block: float):
    x = np.array([0.3, -7.0, 2e5])
    with jax.enable_x64(True):
        traced = jax.jit(lambda b: quantized(jnp, jnp.asarray(x), 1.0, b))(block)
    for met in (quantized(np, x, 1.0, block), traced):
        np.testing.assert_allclose(met, restored(x, True, 1), rtol=1e-14)


def test_adamw_in_eight_bits_leaves_entries_whose_gradient_is_not_finite():
    """Those of tensors that are held in eight bits; small ones become NaN as in any AdamW."""
    at_block = {"lr": 0.1, "wd": 0.25, "block": 16, "least": 12}
    program = ZOO["adamw_8bit"].with_hyperparameters(**at_block)
    rng = np.random.Generator(np.random.PCG64(9))
    w = [np.asarray(rng.normal(size=shape)) for shape in ((40,), (6, 2), (3,))]
    slots = {slot: initial(init, w, np) for slot, init in program.slots.items()}
    at = At([leaf.copy() for leaf in w])
    step = DENSE["adamw_8bit"](at.w)
    for t in range(1, 9):
        g = [np.asarray(rng.normal(size=leaf.shape)) for leaf in w]
        if t in (1, 4):
            g[0][[3, 17, 18]], g[1][2, 1], g[2][0] = [np.nan, np.inf, -np.inf], np.nan, np.inf
        inputs = {"w": w, "g": g, "t": np.float64(t), **program.hyperparameters}
        moves, slots = run_step(program, inputs, slots, PolynomialStep(t, w), np)
        before, w = w, [leaf - move for leaf, move in zip(w, moves, strict=True)]
        at.t, at.g = t, g
        with np.errstate(invalid="ignore"):
            step(at, program.hyperparameters)
        for ours, theirs in zip(w, at.w, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-12)
        left = ~np.isfinite(g[0])
        np.testing.assert_array_equal(w[0][left], before[0][left])
        assert not np.any(slots["m"][0][left]) and not np.any(slots["v"][0][left])
        assert np.all(np.isfinite(w[0])) and np.all(np.isfinite(w[1])) and np.isnan(w[2][0])
