"""Exported optimizers on parameters in half precision: they compute in float32, keep the dtypes of
the parameters, as the hosts' own do, and a gradient of zero makes no NaN."""

import inspect
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import pytest

from dsl import parse
from dsl.export import to_torch_source
from dsl.export.names import camel_case
from tests.support import exporting
from tests.support.everyday import each
from tests.support.exporting import RULES

FOUND = Path(__file__).parents[3] / "discovered"
HALVED = {**RULES, **{p.parent.name: parse(p.read_text()) for p in FOUND.glob("*/winner.rule")}}

UNDEFINED = {"adams", "ai_sarah", "gradient_normalized_newton"}
"""Rules that divide by the curvature or by the size of gradients, which are 0 here."""

FLAT = [name for name in HALVED if name not in UNDEFINED]
DAILY = {"adamw", "lion", "sam", "quickstart", "adafactor"}
SHAPES = [(), (3,), (2, 3)]


@pytest.mark.torch
@pytest.mark.parametrize("name", each(FLAT, DAILY))
def test_a_gradient_of_zero_makes_no_nan_in_pytorch(name):
    torch = pytest.importorskip("torch")
    rule = HALVED[name]
    make = exporting.loaded(to_torch_source(rule))[camel_case(rule)]
    for dtype in (torch.float16, torch.bfloat16):
        params = [torch.nn.Parameter(torch.full(shape, 0.5, dtype=dtype)) for shape in SHAPES]
        optimizer = make(params, **exporting.extra(rule))

        def loss(params=params):
            return 1 + 0 * torch.cat([p.reshape(-1) for p in params]).sum()

        functions = {
            "losses_fn": lambda loss=loss: loss() * torch.ones(2),
            "full_fn": loss,
            "sampled_fn": lambda drawn, loss=loss: loss(),
            "outputs_fn": lambda loss=loss: (loss().reshape(1), lambda made: 0 * made.sum()),
        }
        taken = inspect.signature(optimizer.step).parameters
        asked = {key: function for key, function in functions.items() if key in taken}
        for _ in range(3):
            for p in params:
                p.grad = torch.zeros_like(p)
            optimizer.step(loss, **asked)
        for p in params:
            assert p.dtype == dtype and torch.isfinite(p).all()
            kept = {k: x for k, x in optimizer.state[p].items() if isinstance(x, torch.Tensor)}
            assert all(x.dtype == dtype for key, x in kept.items() if key != "step")


@pytest.mark.parametrize("name", each(FLAT, DAILY))
def test_a_gradient_of_zero_makes_no_nan_in_optax(name):
    rule = HALVED[name]
    optimizer = exporting.optax_optimizer(rule)
    for dtype in (jnp.float16, jnp.bfloat16):
        params = [jnp.full(shape, 0.5, dtype) for shape in SHAPES]
        state = optimizer.init(params)

        def loss(at):
            return 1 + 0 * sum(jnp.sum(p) for p in at)

        moves: Any
        moves, after = optimizer.update(
            jax.tree.map(jnp.zeros_like, params),
            state,
            params,
            value=jnp.ones((), dtype),
            value_fn=loss,
            losses_fn=lambda at, loss=loss: loss(at) * jnp.ones(2),
            full_fn=loss,
            sampled_fn=lambda at, key, loss=loss: loss(at),
            outputs_fn=lambda at, loss=loss: (loss(at)[None], lambda made: 0 * jnp.sum(made)),
        )
        assert all(move.dtype == dtype and jnp.isfinite(move).all() for move in moves)
        for old, new in zip(jax.tree.leaves(state), jax.tree.leaves(after), strict=True):
            assert old.dtype == new.dtype


@pytest.mark.parametrize("host", ["torch", "optax"])
def test_half_precision_rounds_what_is_kept_and_nothing_between(host):
    """The square of 1e-3 and an eps of 1e-8 are nothing to float16, and a step is of size lr."""
    rule = parse(
        "def rule(w, g, *, lr=0.5, eps=1e-8):\n    return lr * g / (sqrt(square(g)) + eps)"
    )
    if host == "torch":
        torch = pytest.importorskip("torch")
        p = torch.nn.Parameter(torch.ones(2, dtype=torch.float16))
        p.grad = torch.full_like(p, 1e-4)
        exporting.loaded(to_torch_source(rule))["Rule"]([p]).step()
        assert p.tolist() == [0.5, 0.5]
    else:
        w = jnp.ones(2, jnp.float16)
        optimizer = exporting.optax_optimizer(rule)
        moves: Any
        moves, _ = optimizer.update(jnp.full_like(w, 1e-4), optimizer.init(w), w)
        assert moves.tolist() == [-0.5, -0.5]
