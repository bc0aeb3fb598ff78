"""Exported PyTorch optimizers with `foreach` take the steps that they take without."""

import pytest

from dsl.export import to_torch_source
from dsl.export.names import camel_case
from tests.support import exporting
from tests.support.everyday import each
from tests.support.exporting import RULES

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

DAILY = {"adamw", "lion", "adan", "muon", "soap", "adafactor", "nesterov", "lars", "views"}
SHAPES = [(), (3,), (2, 3), (2, 3, 2), (0,)]


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
    assert "torch._foreach_addcdiv_(ws, ms, denoms, -lr / (1 - b1**t))" in text
    assert " for g, " not in text
