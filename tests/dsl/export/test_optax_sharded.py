"""Exported Optax optimizers on parameters that lie on several devices."""

import os
import subprocess
import sys

import pytest

SCRIPT = """
import jax, jax.numpy as jnp, numpy as np, sys
from tests.support.optax_steps import ASKED, made

mesh = jax.make_mesh((2,), ("x",), axis_types=(jax.sharding.AxisType.Auto,))
sharding = jax.sharding.NamedSharding(mesh, jax.P("x"))
for name in sys.argv[1:]:
    optimizer = made(name)
    w = jnp.linspace(-1.0, 1.0, 24).reshape(4, 6)
    step = jax.jit(lambda g, s, p: optimizer.update(g, s, p, value=2.0, **ASKED))
    found = []
    for params in (w, jax.device_put(w, sharding)):
        state = optimizer.init(params)
        for _ in range(3):
            moves, state = step(params / 2, state, params)
            params = params + moves
        found.append((moves, state))
    assert moves.sharding.is_equivalent_to(sharding, 2), (name, moves.sharding)
    alone, shared = map(jax.tree.leaves, found)
    for x, y in zip(alone, shared, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-4, atol=1e-6, err_msg=name)
"""


@pytest.mark.slow
def test_two_devices_take_the_steps_of_one():
    names = ["adamw", "lion", "adafactor_torch", "muon", "sam", "momentum_8bit", "lanton"]
    flags = {"XLA_FLAGS": "--xla_force_host_platform_device_count=2", "JAX_PLATFORMS": "cpu"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *names],
        env={**os.environ, **flags},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
