"""Schedules and other combinators beside those of Optax."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from dsl import Program, to_optax
from dsl.combine import clipped_by_global_norm, cosine, linear_decay, uba, warmup
from dsl.zoo import ZOO
from tests.support.running import flat


def rates(program: Program, horizon: int, steps: int) -> np.ndarray:
    """The steps of the program where every gradient is 1."""
    with jax.enable_x64(True):
        optimizer = to_optax(program, horizon=horizon)
        w, g, moves = jnp.zeros(()), jnp.ones(()), []
        state = optimizer.init(w)
        for _ in range(steps):
            move, state = optimizer.update(g, state, w)
            moves.append(-float(move))
    return np.array(moves)


SCHEDULES: dict[str, tuple[Program, Callable[[int], optax.Schedule]]] = {
    "cosine": (
        cosine(ZOO["sgd"].with_hyperparameters(lr=0.5), lr_min=0.1),
        lambda T: optax.cosine_decay_schedule(0.5, T, alpha=0.2),
    ),
    "linear": (
        linear_decay(ZOO["sgd"].with_hyperparameters(lr=0.5)),
        lambda T: lambda count: optax.linear_schedule(0.5, 0, T)(count + 1),
    ),
    "warm-up": (
        warmup(ZOO["sgd"].with_hyperparameters(lr=0.5), warmup=7),
        lambda T: optax.linear_schedule(0.5 / 7, 0.5, 6),
    ),
    "a phi of 2 is a cosine": (
        uba(ZOO["sgd"].with_hyperparameters(lr=0.5), lr_min=0.1, phi=2),
        lambda T: optax.cosine_decay_schedule(0.5, T, alpha=0.2),
    ),
}


@pytest.mark.parametrize(("program", "schedule"), SCHEDULES.values(), ids=SCHEDULES.keys())
def test_a_schedule_is_that_of_optax_and_holds_after_the_horizon(program, schedule):
    with jax.enable_x64(True):
        expected = [float(schedule(20)(count)) for count in range(25)]
    np.testing.assert_allclose(rates(program, 20, 25), expected, rtol=1e-12, atol=1e-15)


def test_a_budget_aware_schedule_goes_through_its_known_points():
    made = uba(ZOO["sgd"].with_hyperparameters(lr=1), phi=0.5)
    np.testing.assert_allclose(rates(made, 4, 5), [1, 0.958870939, 0.8, 0.4069827195, 0], atol=1e-9)


def test_combinators_go_on_top_of_each_other_as_transformations_of_optax_do():
    made = clipped_by_global_norm(warmup(cosine(ZOO["adamw"]), warmup=5), c=0.7)
    schedule = optax.cosine_decay_schedule(0.25, 20)
    theirs = optax.chain(
        optax.clip_by_global_norm(0.7),
        optax.adamw(
            lambda count: schedule(count) * jnp.minimum((count + 1.0) / 5, 1), weight_decay=0.1
        ),
    )
    with jax.enable_x64(True):
        ours = to_optax(made, 0.25, horizon=20, wd=0.1)
        leaves = [jnp.array([1.0, -2.0]), jnp.array(0.5)]
        walks = []
        for optimizer in (ours, theirs):
            w, state = leaves, optimizer.init(leaves)
            for step in range(20):
                g = [0.3 * x + 0.1 * jnp.cos(step + x) for x in w]
                move, state = optimizer.update(g, state, w)
                w = optax.apply_updates(w, move)
            walks.append(flat(w))
    np.testing.assert_allclose(walks[0], walks[1], rtol=1e-12)
