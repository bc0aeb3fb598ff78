"""Slots of eight bits: exported files keep codes and scales, and step as the interpreter does."""

import copy

import jax
import jax.numpy as jnp
import optax
import pytest

from dsl import parse
from dsl.export import to_optax_source, to_torch_source
from dsl.export.codecs import codecs
from dsl.export.facts import Facts
from dsl.zoo import ZOO
from tests.support import exporting, exporting_torch
from tests.support.everyday import each
from tests.support.optax_steps import avals

CODED = ["adamw_8bit", "lion_8bit", "momentum_8bit"]


def small(name):
    """A rule with blocks of five entries for tensors of at least four."""
    return ZOO[name].with_hyperparameters(block=5, least=4)


def test_the_rules_that_have_coded_slots_are_known():
    found = {name: codecs(Facts.of(rule).program) for name, rule in ZOO.items()}
    signs = {name: dict(each.slots) for name, each in found.items() if each}
    assert signs == {
        "adamw_8bit": {"m": True, "v": False},
        "lion_8bit": {"m": True},
        "momentum_8bit": {"m": True},
    }


@pytest.mark.parametrize(
    "held",
    [
        "where(sum(1) < least, m, quantized(g, 1, block))",
        "where(sum(2) < least, m, quantized(m, 1, block))",
        "where(sum(1) < least, m, quantized(m, 1, block)) + 0 * g",
        "where(sum(1) < norm(g), m, quantized(m, 1, block))",
        "quantized(m, lr, block)",
    ],
)
def test_other_programs_keep_their_slots_in_full(held):
    head = "def rule(w, g, m=zeros, *, lr=0.1, block=5, least=4):"
    text = f"{head}\n    m = g + 0.9 * m\n    u = lr * m\n    m = {held}\n    return u\n"
    assert codecs(Facts.of(parse(text)).program) is None


@pytest.mark.parametrize("name", each(CODED, {"adamw_8bit"}))
def test_an_optax_file_keeps_codes_and_follows_the_interpreter(name):
    program = small(name)
    path = exporting.optax_walk(program, exporting.optax_optimizer(program), "float64")
    assert exporting.apart(path, exporting.interpreted(program, "float64")) < 1e-12


def test_an_optax_state_has_a_byte_for_an_entry():
    params = {"large": jnp.ones((100, 100), jnp.bfloat16), "few": jnp.ones(3)}
    optimizer = exporting.optax_optimizer(ZOO["adamw_8bit"])
    state = optimizer.init(params)
    _, after = optimizer.update(params, state, params)
    assert avals(after) == avals(state)
    assert after.m["large"].codes.dtype == after.v["large"].codes.dtype == jnp.uint8
    assert sum(x.nbytes for x in jax.tree.leaves((after.m["large"], after.v["large"]))) < 21_000
    assert after.m["few"].dtype == jnp.float32


def test_the_size_of_blocks_is_static_in_optax():
    make = exporting.loaded(to_optax_source(ZOO["momentum_8bit"]))["momentum_8bit"]
    params, own = jnp.ones(3), {"learning_rate": 0.1}
    injected = optax.inject_hyperparams(make, static_args=("block", "least"))(**own)
    moves, _ = jax.jit(injected.update)(params, injected.init(params), params)
    assert moves.tolist() == pytest.approx([-0.1] * 3)
    injected = optax.inject_hyperparams(make)(**own)
    with pytest.raises(TypeError, match="size of blocks: it has to be static"):
        jax.jit(injected.update)(params, injected.init(params), params)


@pytest.mark.torch
@pytest.mark.parametrize("name", each(CODED, {"adamw_8bit"}))
def test_a_torch_file_keeps_codes_and_follows_the_interpreter(name):
    pytest.importorskip("torch")
    program = small(name)
    path = exporting_torch.torch_walk(program, exporting_torch.torch_class(program), "float64")
    assert exporting.apart(path, exporting.interpreted(program, "float64")) < 1e-12
    again = exporting_torch.torch_walk(
        program, exporting_torch.torch_class(program), "float64", stop=17
    )
    assert (again == path).all()


@pytest.mark.torch
def test_a_torch_state_has_a_byte_for_an_entry():
    torch = pytest.importorskip("torch")
    make = exporting_torch.torch_class(ZOO["adamw_8bit"])
    params = [torch.nn.Parameter(torch.randn(100, 100)), torch.nn.Parameter(torch.ones(3))]
    optimizer = make(params)
    for _ in range(2):
        for p in params:
            p.grad = p.detach().clone()
        optimizer.step()
    large, few = (optimizer.state[p] for p in params)
    assert large["m"].dtype == large["v"].dtype == torch.uint8
    assert sum(x.nbytes for x in large.values()) < 2.2 * 100 * 100
    assert few["m"].dtype == torch.float32 and "m_scale" not in few
    kept = copy.deepcopy(optimizer.state_dict())
    other = make(params)
    other.load_state_dict(kept)
    assert other.state[params[0]]["m"].dtype == torch.uint8
    optimizer.param_groups[0]["least"] = 100_000  # from the next step on in full
    optimizer.step()
    assert optimizer.state[params[0]]["m"].dtype == torch.float32


@pytest.mark.torch
def test_a_torch_state_that_was_kept_in_full_is_taken():
    torch = pytest.importorskip("torch")
    make = exporting.loaded(to_torch_source(small("momentum_8bit")))["Momentum8bit"]
    params = [torch.nn.Parameter(torch.linspace(-1, 1, 7).double()) for _ in range(2)]
    new, old = make(params[:1]), make(params[1:])
    for optimizer, p in ((new, params[0]), (old, params[1])):
        p.grad = torch.linspace(1, 3, 7).double()
        optimizer.step()
    saved = old.state_dict()
    _, decoded = new._open(params[0])
    saved["state"][0] = {"m": decoded["m"]}  # as a file of before had it
    old.load_state_dict(saved)
    for optimizer in (new, old):
        optimizer.step()
    assert params[0].tolist() == params[1].tolist()
