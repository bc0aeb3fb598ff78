"""Exported PyTorch optimizers with `foreach` take the steps that they take without."""

from typing import Any

import pytest

from benchmarks.export import peak_of_step
from dsl import parse
from dsl.export import to_torch_source
from dsl.export.names import camel_case
from dsl.language.registry import PRIMITIVES
from tests.support import exporting, exporting_torch
from tests.support.everyday import each
from tests.support.exporting import RULES

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

DAILY = {"adamw", "lion", "adan", "muon", "soap", "adafactor", "nesterov", "lars", "views"}
SHAPES = [(), (3,), (2, 3), (2, 3, 2), (0,), (3,), (2, 3), (4, 2), (), (2, 3, 2), (0,), (2, 3)]


def walked(make, rule, dtype, foreach):
    """Parameters and state after four steps of two groups; one parameter misses a gradient."""
    drawn = torch.Generator().manual_seed(4)
    params = [
        torch.nn.Parameter(torch.rand(shape, generator=drawn, dtype=torch.float64).to(dtype))
        for shape in SHAPES
    ]
    groups = [{"params": params[:2]}, {"params": params[2:], "lr": 0.5}]
    if "lr" not in rule.hyperparameters:
        groups = [{"params": params[:2]}, {"params": params[2:]}]
    optimizer = make(groups, foreach=foreach, **exporting.extra(rule))
    for at in range(4):
        for p in params:
            p.grad = torch.randn(p.shape, generator=drawn, dtype=torch.float64).to(dtype)
        if at == 1:
            params[0].grad = None
        optimizer.step()
    return [*params, *(x for p in params for x in optimizer.state[p].values())]


@pytest.mark.parametrize("name", each(RULES, DAILY))
def test_tensors_at_once_take_the_same_steps(name):
    source = to_torch_source(RULES[name])
    make = exporting.loaded(source)[camel_case(RULES[name])]
    if "def _foreach(" not in source:  # reads the whole model, or chooses
        with pytest.raises(RuntimeError, match="does not support foreach: its step takes one"):
            make([torch.nn.Parameter(torch.ones(2))], foreach=True, **exporting.extra(RULES[name]))
        return
    for dtype, bound in ((torch.float64, 1e-12), (torch.bfloat16, 1e-2)):
        one, other = (walked(make, RULES[name], dtype, foreach) for foreach in (False, True))
        for x, y in zip(one, other, strict=True):
            torch.testing.assert_close(y, x, rtol=bound, atol=bound, equal_nan=True)


def test_adamw_has_one_call_for_all_tensors():
    text = to_torch_source(RULES["adamw"])
    assert "torch._foreach_addcdiv_(ws, ms, denoms, -lr * root / (1 - b1**t))" in text
    assert " for g, " not in text


def counted(optimizer, op: str) -> int:
    """The number of calls of an operation of PyTorch in a step."""
    with torch.profiler.profile() as profile:
        optimizer.step()
    return sum(event.count for event in profile.key_averages() if event.key == op)


def with_gradients(shapes, dtype=torch.float32):
    drawn = torch.Generator().manual_seed(7)
    params = [torch.nn.Parameter(torch.rand(s, generator=drawn, dtype=dtype)) for s in shapes]
    for p in params:
        p.grad = torch.randn(p.shape, generator=drawn, dtype=dtype)
    return params


@pytest.mark.parametrize("name", ["muon", "adamuon", "scion", "mars_shampoo", "muon_moonlight"])
def test_matrices_of_one_shape_are_multiplied_at_once(name):
    made = exporting.loaded(to_torch_source(RULES[name]))[camel_case(RULES[name])]
    few = made(with_gradients([(3, 4), (5, 2)]), foreach=True)
    many = made(with_gradients([(3, 4), (5, 2)] * 20), foreach=True)
    assert counted(few, "aten::bmm") == counted(many, "aten::bmm") == 2 * 5 * 3
    if name != "mars_shampoo":  # which clips its gradients before they are a stack
        assert counted(few, "aten::clamp") == counted(many, "aten::clamp") == 2


@pytest.mark.parametrize("op", sorted(p.name for p in PRIMITIVES.values() if p.stacks))
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (4, 2), (2, 3, 2), (2, 1, 3, 2), (0,), (2, 0)])
def test_what_is_declared_to_map_over_stacks_does(op, shape):
    names: dict[str, Any] = {"torch": torch}
    exec(PRIMITIVES[op].torch, names)
    numbers = [0.5 * at - 0.3 for at in range(1, len(PRIMITIVES[op].params))]
    drawn = torch.Generator().manual_seed(8)
    xs = [torch.randn(shape, generator=drawn, dtype=torch.float64) for _ in range(3)]
    dims = (0, *(None for _ in numbers))
    made = torch.vmap(names[f"_{op}"], dims)(torch.stack(xs), *numbers)
    for one, x in zip(made, xs, strict=True):
        wanted = names[f"_{op}"](x, *numbers)
        torch.testing.assert_close(one, wanted, rtol=1e-12, atol=1e-12)
        assert wanted.data_ptr() != x.data_ptr() or not x.numel()


STACKED = """
def rule(w, g, m=zeros, v=ones, *, lr=0.1, b1=0.9):
    m = interp(g, m, b1)
    x = newton_schulz(m / (norm(m) + 0.1) + g, 1.5, -0.5, 0)
    y = orthogonalised(newton_schulz(x, 1.4, -0.4, 0.1) - w)
    v = interp(square(y), v, b1)
    z = nuclear_norm(x) * newton_schulz(g, 1.2, -0.2, 0) + sqrt(column_count(w)) * x
    return lr * (x + y / (sqrt(v) + 0.1) + z * norm(y))
"""


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_stacks_and_lists_take_turns(dtype):
    rule = parse(STACKED)
    shapes = [(), (3,), (2, 3), (4, 2), (2, 3, 2), (2, 1, 3, 2), (0,), (0, 3)]
    make = exporting.loaded(to_torch_source(rule))["Rule"]
    bound = 1e-12 if dtype is torch.float64 else 1e-5
    ends = []
    for foreach in (False, True):
        params = with_gradients([*shapes, *reversed(shapes)], dtype)
        optimizer = make(params, foreach=foreach)
        for _ in range(3):
            optimizer.step()
        ends.append(params)
    for one, other in zip(*ends, strict=True):
        torch.testing.assert_close(other, one, rtol=bound, atol=bound)


OF_SHAPES = parse("""
def of_shapes(w, g, *, lr=0.1):
    x = orthogonalised(g)
    y = sinh(x)
    return lr * sqrt(column_count(y) / row_count(x)) * y
""")
"""A rule that counts the rows and columns of values of its own."""


def test_shapes_of_values_of_a_rule_are_those_of_its_parameters():
    make, ends = exporting_torch.torch_class(OF_SHAPES), []
    for foreach in (False, True):
        params = with_gradients([(2, 3), (2, 3), (4, 2)], torch.float64)
        make(params, foreach=foreach).step()
        ends.append(params)
    for one, other in zip(*ends, strict=True):
        torch.testing.assert_close(other, one, rtol=1e-9, atol=1e-9)


def test_muon_of_a_stack_holds_less_than_three_times_its_matrices():
    params = with_gradients([(50, 80)] * 10)
    make = exporting.loaded(to_torch_source(RULES["muon"]))["Muon"]
    for foreach, bound in ((False, 2.8), (True, 28)):
        optimizer = make(params, foreach=foreach)
        optimizer.step()
        assert peak_of_step(optimizer.step) / params[0].nbytes < bound
