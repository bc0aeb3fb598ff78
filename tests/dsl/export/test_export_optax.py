"""The exported Optax optimizer does what the interpreter does, and behaves as Optax's own."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from dsl import parse
from dsl.export import to_optax_source
from dsl.export.momenta import momenta
from dsl.zoo import ZOO
from tests.support import exporting
from tests.support.everyday import TO_READ
from tests.support.exporting import RULES
from tests.support.optax_steps import avals

TOLERANCE = {"float32": 1e-5, "float64": 1e-12}


@pytest.mark.parametrize(("name", "dtype"), exporting.walks())
def test_the_file_follows_the_interpreter(name, dtype):
    program = RULES[name]
    optimizer = exporting.optax_optimizer(program)
    path = exporting.optax_walk(program, optimizer, dtype)
    bound = exporting.STEEP.get(name, TOLERANCE[dtype])
    assert exporting.apart(path, exporting.interpreted(program, dtype)) < bound


@pytest.mark.slow
def test_the_files_pass_pyright(tmp_path):
    made = {name: to_optax_source(rule) for name, rule in RULES.items()}
    exporting.check_with_pyright(tmp_path, made)


@pytest.mark.parametrize("names", exporting.TO_LINT)
def test_the_files_pass_ruff(names, tmp_path):
    rules = {name: rule for name, rule in RULES.items() if name in names}
    made = {name: to_optax_source(rule, evidence="Score 0.1") for name, rule in rules.items()}
    exporting.check_with_ruff(tmp_path, made)


def test_the_file_needs_nothing_of_ours(tmp_path):
    path = tmp_path / "lion_optax.py"
    path.write_text(to_optax_source(ZOO["lion"]))
    script = (
        "import sys, jax.numpy as jnp\n"
        f"exec(compile(open({str(path)!r}).read(), 'lion', 'exec'))\n"
        "p = jnp.ones(2); optimizer = lion(0.5)\n"
        "move, _ = optimizer.update(jnp.ones(2), optimizer.init(p), p)\n"
        "assert move.tolist() == [-0.5, -0.5], move\n"
        "assert not {'dsl', 'torch', 'search', 'evaluators'} & set(sys.modules)\n"
    )
    command = [sys.executable, "-I", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def exported(name):
    """The optimizer's function in its file."""
    return exporting.loaded(to_optax_source(RULES[name]))[name]


@pytest.mark.parametrize("name", ["adamw", "numbers", "adan"])
def test_a_schedule_gives_each_step_its_rate(name):
    """`adamw` is a chain, the others evaluate the schedule themselves."""
    more = exporting.horizon_of(RULES[name])
    params, grads = jnp.ones(3), jnp.array([1.0, -2.0, 0.5])
    make = exported(name)
    scheduled = make(lambda count: 0.1 / (1 + count), **more)
    state = scheduled.init(params)
    states = {rate: make(rate, **more).init(params) for rate in (0.1, 0.05)}
    for rate in states:
        move, state = scheduled.update(grads, state, params)
        fixed = make(rate, **more)
        first = fixed.init(params)
        for _ in range(round(0.1 / rate)):
            wanted, first = fixed.update(grads, first, params)
        np.testing.assert_allclose(move, wanted, rtol=1e-6)


@pytest.mark.parametrize("name", ["adamw", "adan"])
def test_a_schedule_gives_each_step_its_decay(name):
    params, grads = jnp.ones(3), jnp.array([1.0, -2.0, 0.5])
    make = exported(name)
    scheduled = make(0.1, weight_decay=lambda count: 0.5 * count)
    state, other = scheduled.init(params), make(0.1).init(params)
    for count in range(3):
        move, state = scheduled.update(grads, state, params)
        wanted, other = make(0.1, weight_decay=0.5 * count).update(grads, other, params)
        np.testing.assert_allclose(move, wanted, rtol=1e-6)


def test_the_file_is_a_pair_where_the_rate_is_a_factor():
    names = exporting.loaded(to_optax_source(ZOO["adamw"]))
    assert {"adamw", "scale_by_adamw", "ScaleByAdamWState"} <= set(names)
    names = exporting.loaded(to_optax_source(ZOO["adan"]))
    assert "adan" in names and "scale_by_adan" not in names


def test_a_mask_keeps_parameters_from_decay():
    params = {"w": jnp.ones(2), "b": jnp.ones(2)}
    grads = jax.tree.map(jnp.zeros_like, params)
    optimizer = exported("lion")(0.1, weight_decay=0.5, mask={"w": True, "b": False})
    moves, _ = optimizer.update(grads, optimizer.init(params), params)
    assert moves["b"].tolist() == [0, 0] and moves["w"][0] < 0


@pytest.mark.parametrize("name", ["adamw", "scalar_slots", "adan"])
def test_it_works_with_the_wrappers_of_optax(name):
    params = {"w": jnp.ones((2, 3)), "b": jnp.ones(2)}
    grads = jax.tree.map(lambda p: 0.5 * p, params)
    make = exported(name)
    for optimizer in (
        optax.chain(optax.clip_by_global_norm(1.0), make(0.1)),
        optax.inject_hyperparams(make)(learning_rate=0.1),
        optax.inject_hyperparams(make)(learning_rate=lambda count: 0.1 / (1 + count)),
        optax.masked(make(0.1), {"w": True, "b": False}),
        optax.MultiSteps(make(0.1), 2),
    ):
        state = optimizer.init(params)
        step = jax.jit(optimizer.update, compiler_options=exporting.QUICKLY)
        for _ in range(3):
            moves, state = step(grads, state, params)
        assert jax.tree.structure(moves) == jax.tree.structure(params)
        assert all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(moves))
        assert step._cache_size() == 1


@pytest.mark.parametrize("name", ["adamw", "clipped", "adan"])
def test_half_precision_is_kept_and_abstract_parameters_are_enough(name):
    params = [jnp.ones(3, jnp.bfloat16), jnp.ones((), jnp.bfloat16)]
    optimizer = exported(name)(0.1)
    state = optimizer.init(params)
    shapes = jax.eval_shape(optimizer.init, params)
    moves, after = optimizer.update(params, state, params)
    assert {leaf.dtype for leaf in moves} == {jnp.dtype(jnp.bfloat16)}
    for made in (state, shapes):
        for x, y in zip(jax.tree.leaves(made), jax.tree.leaves(after), strict=True):
            assert (x.shape, x.dtype) == (y.shape, y.dtype)


def test_mu_dtype_rounds_the_average_of_the_gradient_after_every_step():
    params, grads = jnp.array([1.0, -2.0, 0.5]), jnp.array([1.0, -0.3, 0.7])
    make = exported("adamw")
    optimizer, by_hand = make(0.1, mu_dtype=jnp.bfloat16), make(0.1)
    state, other = optimizer.init(params), by_hand.init(params)
    assert avals(state) == avals(optax.adamw(0.1, mu_dtype=jnp.bfloat16).init(params))
    for step in range(3):
        moves, state = optimizer.update(grads / (step + 1), state, params)
        wanted, (first, *rest) = by_hand.update(grads / (step + 1), other, params)
        rounded = first.m.astype(jnp.bfloat16)
        other = (first._replace(m=rounded.astype(jnp.float32)), *rest)
        np.testing.assert_array_equal(moves, wanted)
        np.testing.assert_array_equal(state[0].m, rounded)


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("m = b * m + (g + wd * w)", ("m",)),
        ("m = interp(g / norm(w), m, b); v = interp(m, v, b)", ("m", "v")),
        ("v = interp(square(g), v, b); m = interp(g / sqrt(v), m, b)", ()),
        ("v = g; m = interp(g - v, m, b)", ("m",)),
        ("m = m + g; v = interp(w, v, b)", ()),
        ("m = interp(m, g, b); v = interp(sign(g), v, b)", ()),
        ("m = interp(v, m, b); v = interp(m, v, b)", ()),
    ],
)
def test_the_averages_of_the_gradient_are_known(text, slots):
    head = "def rule(w, g, m=zeros, v=zeros, *, lr=0.1, b=0.9, wd=0.1):\n    "
    lines = text.replace("; ", "\n    ")
    assert momenta(parse(f"{head}{lines}\n    return lr * (m + v)\n")) == slots


def halved(parts):
    """The loss of parameters on all of several parts of a batch."""
    return lambda at: sum(jnp.sum(jnp.square(at - part)) for part in parts) / len(parts)


def test_several_steps_with_the_functions_of_all_are_one_step():
    params, parts = jnp.array([1.0, -2.0, 0.5]), [jnp.zeros(3), jnp.array([3.0, 1.0, 0.5])]
    whole = halved(parts)
    optimizer = exported("sam")(0.1)
    wanted, _ = optimizer.update(
        jax.grad(whole)(params), optimizer.init(params), params, value_fn=whole
    )
    several = optax.MultiSteps(optimizer, 2)
    state = several.init(params)
    for part in parts:
        grads = jax.grad(halved([part]))(params)
        moves, state = several.update(grads, state, params, value_fn=whole)
    np.testing.assert_allclose(moves, wanted, rtol=1e-6)


def test_a_function_fills_in_the_parameters_of_others():
    params = {"w": jnp.array([1.0, -2.0]), "b": jnp.array([0.5])}

    def loss(at):
        return jnp.sum(jnp.square(at["w"] * (1 + at["b"])))

    def filled(at):
        own = {name: part for name, part in at.items() if not isinstance(part, optax.MaskedNode)}
        return loss({**params, **own})

    inner, grads = exported("sam")(0.1), jax.grad(loss)(params)
    optimizer = optax.masked(inner, {"w": True, "b": False})
    moves, _ = optimizer.update(grads, optimizer.init(params), params, value_fn=filled)
    wanted, _ = inner.update(
        grads["w"],
        inner.init(params["w"]),
        params["w"],
        value_fn=lambda w: loss({**params, "w": w}),
    )
    np.testing.assert_allclose(moves["w"], wanted, rtol=1e-6)
    assert moves["b"] is grads["b"]


def test_what_is_missing_is_named():
    optimizer = exported("sharpness")(0.1)
    params = jnp.ones(2)
    state = optimizer.init(params)
    with pytest.raises(ValueError, match="sharpness reads the parameters"):
        optimizer.update(params, state)
    with pytest.raises(ValueError, match="sharpness reads the loss"):
        optimizer.update(params, state, params)
    with pytest.raises(ValueError, match="sharpness needs value_fn, the loss of the batch"):
        optimizer.update(params, state, params, value=1.0)


@pytest.mark.parametrize("name", TO_READ)
def test_the_file_reads_well(name, snapshot):
    assert to_optax_source(ZOO[name], evidence="Campaign: none, a test.") == snapshot
