"""The operations of a gradient are those that one would count by hand."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from evaluators import registry
from evaluators.cost import flops
from evaluators.task import Data

N, BATCH = 30, 4
BASE = dataclasses.replace(
    registry.get("digits"),
    init=lambda rng: {"w": np.ones((N, N), np.float32)},
    load=lambda: Data(np.ones((8, N), np.float32), None),
    order=lambda rng, steps: np.zeros((steps, BATCH), np.int32),
    digest=None,
)


def loss(params, data, index):
    return jnp.sum(jnp.asarray(data.train)[index] @ params["w"])


def looped(params, data, index):
    rows = jnp.asarray(data.train)[index]
    rows, _ = jax.lax.scan(lambda x, _: (x @ params["w"], None), rows, None, length=7)
    return jnp.sum(rows)


def test_a_product_counts_two_for_each_pair():
    found = flops(dataclasses.replace(BASE, loss=loss))
    assert found == pytest.approx(2 * 2 * BATCH * N * N, rel=0.1)


def test_a_loop_counts_as_often_as_it_turns():
    found = flops(dataclasses.replace(BASE, loss=looped))
    assert found == pytest.approx(7 * 3 * 2 * BATCH * N * N, rel=0.2)


def test_a_larger_batch_costs_in_proportion():
    wide = dataclasses.replace(BASE, order=lambda rng, steps: np.zeros((steps, 8), np.int32))
    once, twice = (flops(dataclasses.replace(task, loss=loss)) for task in (BASE, wide))
    assert twice == pytest.approx(2 * once, rel=0.05)
