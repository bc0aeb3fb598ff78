"""SANIA where more is known of the loss than on the model that all rules are compared on."""

import jax
import jax.numpy as jnp
import numpy as np

from dsl import to_optax
from dsl.language.closed_form import ClosedForm, Leaves, flat
from dsl.run.interpret import run_step
from dsl.run.values import initial
from dsl.zoo import ZOO
from tests.dsl.zoo.references.dense import DENSE, At

SHAPES = ((), (3,), (2, 2), (1, 2, 2), (1, 1, 2, 1))
RNG = np.random.Generator(np.random.PCG64(17))
FEATURES = RNG.normal(size=(30, 14))
SIGNS = np.where(RNG.uniform(size=30) < 0.5, -1.0, 1.0)


class Logistic(ClosedForm):
    """Logistic regression with a ridge: its Hessian is positive everywhere."""

    def loss_at(self, point: Leaves) -> np.float64:
        w = flat(point)
        return np.float64(np.mean(np.logaddexp(0, -SIGNS * (FEATURES @ w))) + 0.05 * w @ w)

    def grad_at(self, point: Leaves) -> Leaves:
        w = flat(point)
        part = -SIGNS / (1 + np.exp(SIGNS * (FEATURES @ w)))
        return self.shaped(part @ FEATURES / len(part) + 0.1 * w)

    def hessian_at(self, point: Leaves) -> np.ndarray:
        part = 1 / (1 + np.exp(-(FEATURES @ flat(point))))
        weighted = (part * (1 - part))[:, None] * FEATURES
        return FEATURES.T @ weighted / len(part) + 0.1 * np.eye(FEATURES.shape[1])


class AtLogistic(At):
    """A step of a dense implementation on the same loss."""

    def loss_at(self, leaves: Leaves) -> float:
        return float(Logistic(leaves).loss_at(leaves))

    def hessian(self) -> np.ndarray:
        return Logistic(self.w).hessian_at(self.w)


def test_conjugate_gradients_reach_newtons_direction_on_a_convex_loss():
    start = [np.asarray(RNG.normal(size=shape)) for shape in SHAPES]
    numbers = {"lr": 0.25, "b2": 0.9, "eps": 0.25, "f_star": 0.1, "trials": 40.0}
    program = ZOO["sania_pcg"].with_hyperparameters(**numbers)
    w, at = [leaf.copy() for leaf in start], AtLogistic([leaf.copy() for leaf in start])
    slots = {slot: initial(init, w, np) for slot, init in program.slots.items()}
    dense = DENSE["sania_pcg"](at.w)
    for t in range(1, 51):
        here = Logistic(w, t)
        g = here.grad_at(w)
        inputs = {"w": w, "g": g, "t": np.float64(t), "loss": here.loss_at(w)}
        moves, slots = run_step(program, {**inputs, **numbers}, slots, here, np)
        w = [leaf - move for leaf, move in zip(w, moves, strict=True)]
        at.t, at.g = t, Logistic(at.w).grad_at(at.w)
        dense(at, numbers)
        for ours, theirs in zip(w, at.w, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-10)
    assert at.memory["how"] == ["solved"] * 50
    assert Logistic(w).loss_at(w) < Logistic(start).loss_at(start)


def test_a_given_scaling_undoes_a_scaling_of_the_parameters():
    scale, start = np.exp(RNG.normal(size=14)), RNG.normal(size=14)

    def loss(w):
        return jnp.mean(jnp.logaddexp(0.0, -SIGNS * (FEATURES @ w)))

    def path(name, loss, w, **slots):
        optimizer = to_optax(ZOO[name], lr=0.5, f_star=0.2)
        state, points = optimizer.init(w), []
        state = state._replace(slots={**state.slots, **slots})
        for _ in range(50):
            value, g = jax.value_and_grad(loss)(w)
            move, state = optimizer.update(g, state, w, value=value)
            w = w + move
            points.append(w)
        return np.array(points)

    with jax.enable_x64(True):
        plain = path("sania_identity", loss, jnp.asarray(start))
        given = {"scale": jnp.asarray(scale)}
        scaled = path(
            "sania_scaled", lambda x: loss(scale * x), jnp.asarray(start / scale), **given
        )
    assert np.min(scale) > ZOO["sania_scaled"].hyperparameters["eps"]
    assert np.max(np.abs(plain[-1] - start)) > 0.01
    np.testing.assert_allclose(scale * scaled, plain, rtol=1e-9)
