"""Rules against numbers of other people's code, on a small problem of two tensors.

Where no library that the tests can import has a rule, its authors' code was run on this problem in
float64; for ALI-G it was pytorch_optimizer, whose rounded norm takes no part where the step size is
bounded.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dsl import to_optax
from dsl.zoo import ZOO

CURVATURE, CENTRE = np.array([1.0, 4.0, 0.5]), np.array([0.5, -1.0, 2.0])
START = (np.array([1.0, -2.0, 0.3]), np.array([[0.7, -0.4], [1.1, 0.2]]))

GOLDEN = {
    "AEGD": (
        *("aegd", {"lr": 0.1}),
        [0.942095726, -1.635523579, 0.3767762969],
        [0.8352539884, -1.235187002, 0.5413650628],
        5.0100722489,
    ),
    "AEGDW": (
        *("aegdw", {"lr": 0.1, "wd": 0.1}),
        [0.932095726, -1.615523579, 0.3737762969],
        [0.810217116, -1.202591081, 0.5316261902],
        5.04470300904,
    ),
    "ALI-G": (
        *("ali_g", {"lr": 0.2, "b1": 0, "eps": 1e-6}),
        [0.884, -1.216, 0.454],
        [0.7307394529, -1.017754147, 0.7317350529],
        4.99026920953,
    ),
    "ALI-G with momentum": (
        *("ali_g", {"lr": 0.05, "b1": 0.9, "eps": 1e-6}),
        [0.9449, -1.6276, 0.37315],
        [0.7910227972, -0.9094364153, 0.6015055444],
        4.99450115032,
    ),
    "SMB": (
        *("smb", {"lr": 1}),
        [0.7630112581, -1.598981701, 0.6990808957],
        [0.5699849851, -1.2341423, 1.245308908],
        4.98840783685,
    ),
    "SMB at half the rate": (
        *("smb", {"lr": 0.5}),
        [0.71, -0.04, 0.685],
        [0.6189941953, -0.6407736943, 1.019782312],
        4.98841297071,
    ),
}
"""Rule and hyperparameters; the first tensor after one step and after three; the loss after 30."""


def loss(parts):
    """Convex where it matters, with its minimum near 4.988."""
    a, b = parts
    own = 0.5 * jnp.sum(CURVATURE * (a - CENTRE) ** 2) + jnp.sum(0.25 * b**4 + 0.5 * b**2)
    return 5 + own + 0.05 * jnp.sum(a) * jnp.sum(b)


@pytest.mark.parametrize("case", GOLDEN)
def test_a_rule_gives_the_numbers_of_other_code(case: str):
    name, hyper, after_one, after_three, after_thirty = GOLDEN[case]
    with jax.enable_x64(True):
        optimizer = to_optax(ZOO[name], **hyper)

        @jax.jit
        def step(parts, state):
            value, grads = jax.value_and_grad(loss)(parts)
            moves, state = optimizer.update(grads, state, parts, value=value, value_fn=loss)
            return jax.tree.map(jnp.add, parts, moves), state

        parts = tuple(map(jnp.asarray, START))
        state, path = optimizer.init(parts), []
        for _ in range(30):
            parts, state = step(parts, state)
            path.append(np.asarray(parts[0]))
        np.testing.assert_allclose(path[0], after_one, rtol=1e-9)
        np.testing.assert_allclose(path[2], after_three, rtol=1e-9)
        np.testing.assert_allclose(loss(parts), after_thirty, rtol=1e-11)
