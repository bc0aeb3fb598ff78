"""Rules stay where they are, or stay finite at least, where the gradient has nothing to say."""

import jax.numpy as jnp
import numpy as np
import pytest

from dsl import to_optax
from dsl.zoo import ZOO


@pytest.mark.parametrize("loss", [0.0, 0.5])
@pytest.mark.parametrize("name", ["polyak", "sps_max", "alr_hb", "alr_shb", "alr_mag", "alr_smag"])
def test_a_step_along_no_gradient_is_none(name, loss):
    """As `optax.polyak_sgd` has it."""
    w, optimizer = jnp.ones(3), to_optax(ZOO[name])
    moves, _ = optimizer.update(jnp.zeros(3), optimizer.init(w), w, value=jnp.float32(loss))
    assert moves.tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    "name",
    [*(name for name in ZOO if name.startswith("adafactor")), "came", "sm3", "asgo", "dasgo"],
)
def test_a_row_and_a_column_without_gradient_are_finite_in_float32(name):
    """Their means multiply to less than float32 can hold."""
    g = np.random.default_rng(0).normal(size=(4, 3))
    g[1], g[:, 2] = 0, 0
    w, optimizer = jnp.ones((4, 3)), to_optax(ZOO[name])
    for gradient in (jnp.asarray(g, jnp.float32), jnp.zeros((4, 3))):
        moves, state = optimizer.update(gradient, optimizer.init(w), w)
        assert jnp.all(jnp.isfinite(moves))
        moves, _ = optimizer.update(gradient, state, w)
        assert jnp.all(jnp.isfinite(moves))
