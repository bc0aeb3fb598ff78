"""Values with members: where they may stand, and what their primitives mean."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from dsl import Program, canonical, parse, simplify, to_optax
from dsl.errors import KindError
from dsl.export import to_latex
from dsl.run.fingerprint import fingerprint
from dsl.run.interpret import run_step
from dsl.run.machine import DoesNotFit, Layout, Machine
from dsl.run.values import initial
from dsl.zoo import ENTRIES, ZOO
from tests.support.running import PolynomialStep

pytestmark = pytest.mark.lightly_compiled

RNG = np.random.default_rng(6)
W = [np.asarray(RNG.normal(size=shape)) for shape in ((), (3,), (2, 4))]


def run(program: Program, xp=np):
    """Result and slots after the first step."""
    slots = {name: initial(init, W, xp) for name, init in program.slots.items()}
    inputs = {"w": W, "g": W, "t": np.float64(1), **program.hyperparameters}
    return run_step(program, inputs, slots, PolynomialStep(0, W), xp)


def swarm(text: str):
    """The value of an expression that is a Population of five; `x` are five members at `w`."""
    return run(parse(f"def rule(w, g, t, x=population(5)):\n    x = {text}\n    return w"))[1]["x"]


def test_members_start_at_the_parameters():
    for members, leaf in zip(swarm("x"), W, strict=True):
        np.testing.assert_array_equal(members, np.stack([leaf] * 5))


def test_tensors_and_numbers_stand_for_every_member():
    for members, leaf in zip(swarm("2 * x + w * t - norm(g)"), W, strict=True):
        wanted = 3 * leaf - np.linalg.norm(leaf)
        np.testing.assert_allclose(members, np.stack([wanted] * 5))


def test_noise_differs_between_members_and_streams_and_has_their_shape():
    one, other = swarm("normal_like(x, 0)"), swarm("normal_like(x, 1)")
    assert [part.shape for part in one] == [(5, *leaf.shape) for leaf in W]
    drawn = np.concatenate([np.ravel(part) for part in (*one, *other)])
    assert len(np.unique(drawn)) == drawn.size


def test_each_member_has_its_loss_and_the_best_weighs_most():
    members = swarm("x + normal_like(x, 0)")
    losses = [PolynomialStep(0, W).loss_at([part[i] for part in members]) for i in range(5)]
    text = """
def rule(w, g, x=population(5), *, a=1):
    x = x + normal_like(x, 0)
    return weighted_sum(x, softmax(-a * losses_at(x)))
"""
    for a, weights in ((0, np.ones(5) / 5), (1e6, np.arange(5) == np.argmin(losses))):
        found, _ = run(parse(text).with_hyperparameters(a=a))
        for met, part in zip(found, members, strict=True):
            np.testing.assert_allclose(met, np.tensordot(weights, part, 1), rtol=1e-12)


def test_a_norm_of_a_member_is_over_the_whole_model():
    members = swarm("normal_like(x, 0)")
    sizes = np.sqrt(sum(np.sum(part.reshape(5, -1) ** 2, axis=1) for part in members))
    for found, leaf in zip(swarm("member_norm(normal_like(x, 0))"), W, strict=True):
        np.testing.assert_allclose(found, np.multiply.outer(sizes, np.ones(leaf.shape)))


@pytest.mark.parametrize(
    "name", ["consensus_based_optimization", "consensus_based_optimization_anisotropic"]
)
def test_a_compiled_swarm_settles_where_the_loss_is_least(name):
    def loss(params):
        return jnp.sum((params["a"] - 1) ** 2) + (params["b"] + 0.5) ** 2

    rule = ZOO[name].with_hyperparameters(sigma=0.7, alpha=30, lr=0.1, spread=2)
    optimizer, params = to_optax(rule, seed=2), {"a": jnp.zeros(2), "b": jnp.zeros(())}
    state = optimizer.init(params)
    update = jax.jit(lambda s, p: optimizer.update(p, s, p, value_fn=loss))
    for _ in range(150):
        moves, state = update(state, params)
        params = jax.tree.map(jnp.add, params, moves)
    assert state.slots["x"]["a"].shape == (20, 2)
    assert loss(params) < 0.1 * loss({"a": jnp.zeros(2), "b": jnp.zeros(())})


def test_a_branch_of_when_may_be_a_tensor_for_every_member():
    text = "def rule(w, g, t, x=population(3)):\n    x = when(t > 1, x + g, w)\n    return x_\n"
    program = parse(text.replace("x_", "weighted_sum(x, 1)"))
    optimizer, params = to_optax(program), jnp.array([1.0, 2.0])
    moves, _ = jax.jit(optimizer.update)(params, optimizer.init(params), params)
    np.testing.assert_allclose(-moves, 3 * params)


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("def rule(w, g, x=population(5)):\n    return x", "the result is a Population[5]"),
        ("def rule(w, g, x=population(5), m=zeros):\n    m = x\n    return w", "holds a Tensor"),
        ("def rule(w, g, x=population(2), y=population(3)):\n    x = x + y\n    return w", "K"),
        ("def rule(w, g, x=population(0)):\n    return w", "a whole number"),
        ("def rule(w, g, x=population(2.5)):\n    return w", "a whole number"),
        ("def rule(w, g):\n    return w * losses_at(w)", "Population"),
    ],
)
def test_what_has_members_stands_only_where_they_fit(text, error):
    with pytest.raises(KindError) as caught:
        parse(text)
    assert error in str(caught.value)


def test_a_swarm_is_counted_in_memory_and_goes_through_every_form():
    rule = ZOO["consensus_based_optimization"]
    assert ENTRIES["consensus_based_optimization"].memory == 20
    assert parse(str(rule)) == rule
    assert fingerprint(canonical(rule)) == fingerprint(simplify(rule)) == fingerprint(rule)
    assert "softmax" in to_latex(rule)


def test_no_register_holds_a_swarm():
    with pytest.raises(DoesNotFit, match="no register holds"):
        Machine(Layout.of(W)).encode(ZOO["consensus_based_optimization"])
