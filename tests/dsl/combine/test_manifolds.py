"""Parameters that do not lie on the manifold of a rule: the first step moves them there."""

from typing import Any

import numpy as np
import pytest

from dsl import to_optax
from dsl.zoo import ZOO

CURVATURE = 1.25
RIM = (1 - 1e-5) / np.sqrt(CURVATURE)


def stepped(name: str, w: np.ndarray, lr: float) -> np.ndarray:
    """`w` after one step along a gradient of ones."""
    bent = {"c": CURVATURE} if "c" in ZOO[name].hyperparameters else {}
    optimizer = to_optax(ZOO[name], lr, **bent)
    given: Any = w.astype(np.float32)
    move, _ = optimizer.update(np.ones_like(given), optimizer.init(given), given)
    return np.asarray(given + move)


@pytest.mark.parametrize("name", ["riemannian_adam_sphere", "riemannian_amsgrad_sphere"])
@pytest.mark.parametrize("lr", [0.0, 0.1])
def test_rows_come_to_lie_on_the_sphere(name, lr):
    w = np.random.default_rng(0).normal(size=(5, 3)) * 7
    made = stepped(name, w, lr)
    np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1, rtol=1e-6)
    if lr == 0:
        along = w / np.linalg.norm(w, axis=1, keepdims=True)
        np.testing.assert_allclose(made, along, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", ["riemannian_adam_poincare", "riemannian_amsgrad_poincare"])
@pytest.mark.parametrize("lr", [0.0, 0.1])
def test_rows_come_to_lie_within_the_ball(name, lr):
    inside, outside = np.array([[0.3, -0.2, 0.1]]), np.array([[3.0, -4.0, 0.0]])
    made = stepped(name, np.concatenate([inside, outside]), lr)
    assert np.all(np.linalg.norm(made, axis=1) <= RIM * (1 + 1e-6))
    if lr == 0:
        wanted = np.concatenate([inside, outside / 5 * RIM])
        np.testing.assert_allclose(made, wanted, rtol=1e-5, atol=1e-6)
