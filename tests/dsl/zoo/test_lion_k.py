"""Members of the Lion-K family that are another rule, or a mode of Optax's Lion."""

import jax.numpy as jnp
import numpy as np
import optax
import pytest

from dsl import parse, to_optax
from dsl.zoo import ZOO
from tests.dsl.zoo.references import walks
from tests.dsl.zoo.references.model import precision

LION = {
    "lion_k_norm": {"p": 1},
    "lion_k_threshold": {"tau": 0},
    "lion_k_top_k": {"top": 1000},
    "lion_k_huber": {"tau": 1e-30},
    "lion_k_entropy": {"a": 1e30},
    "lion_k_relativistic": {"tau": 0},
    "lion_k_log": {"tau": 0},
    "lion_k_sorted": {"a": 0},
}
"""Where a member of the family is Lion."""


@pytest.mark.parametrize("name", LION)
def test_the_family_holds_lion(name):
    met = walks.program_path(name, "decaying", **LION[name])
    np.testing.assert_allclose(met, walks.program_path("lion", "decaying"), rtol=0, atol=1e-14)


def moves(optimizer, count=4):
    """Steps along fixed gradients of several ranks, the first of them 0 in one tensor."""
    rng = np.random.default_rng(2)
    shapes = ((), (3,), (3, 4))
    with precision("float64"):
        w = [jnp.asarray(rng.normal(size=shape)) for shape in shapes]
        state, made = optimizer.init(w), []
        for step in range(count):
            g = [jnp.asarray((step > 0 or len(s) < 2) * rng.normal(size=s)) for s in shapes]
            move, state = optimizer.update(g, state, w)
            made.append(np.concatenate([np.ravel(leaf) for leaf in move]))
    return np.stack(made)


def test_the_euclidean_norm_normalizes_each_tensor():
    normalized = parse(
        "def rule(w, g, m=zeros, *, lr=1e-4):\n"
        "    x = interp(g, m, 0.9)\n"
        "    m = interp(g, m, 0.99)\n"
        "    return lr * where(norm(x) > 0, x / norm(x), 0)"
    )
    met = moves(to_optax(ZOO["lion_k_norm"], p=2))
    np.testing.assert_allclose(met, moves(to_optax(normalized)), rtol=1e-13, atol=0)
    assert np.all(np.isfinite(met))


@pytest.mark.parametrize(
    ("name", "at", "mode"),
    [
        ("lion_k_huber", {"tau": 1}, {"mode": "refined"}),
        ("lion_k_entropy", {"a": 3}, {"mode": "smooth", "smooth_beta": 3}),
    ],
)
def test_modes_of_optax_are_members_of_the_family(name, at, mode):
    theirs = optax.chain(optax.scale_by_lion(0.9, 0.99, **mode), optax.scale_by_learning_rate(1e-4))
    np.testing.assert_allclose(moves(to_optax(ZOO[name], **at)), moves(theirs), rtol=1e-12)
