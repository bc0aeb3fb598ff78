"""Numbers in exported PyTorch files are those of Python, where Python does not raise at them."""

import pytest

from dsl import parse
from dsl.export import to_torch_source
from dsl.zoo import ZOO
from tests.support import exporting_torch

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


def written(statements: str, *, hypers: str = "b1=0.9, b2=0.99, k=5, eps=1e-8, r=2") -> str:
    """The file of a rule, from its statements."""
    lines = "\n".join(f"    {line}" for line in statements.splitlines())
    return to_torch_source(parse(f"def rule(w, g, t, *, lr=0.1, {hypers}):\n{lines}"))


@pytest.mark.parametrize(
    ("statements", "line"),
    [
        ("c = sqrt(1 - b2 ** t) / (1 - b1 ** t)\nreturn sin(c * g)", "c = (1 - b2**t) ** 0.5 / (1"),
        ("c = sqrt(1 - b2 ** (t - 1))\nreturn sin(c * g)", "c = (1 - b2 ** (t - 1)) ** 0.5"),
        ("c = minimum(1, t / maximum(k, 1))\nreturn sin(c * g)", "c = min(1.0, t / max(k, 1.0))"),
        ("c = t ** r + 1 / t\nreturn sin(c * g)", "c = t**r + 1 / t"),
        ("c = square(0.999)\nreturn sin(c * g)", "c = 0.999**2"),
        ("u = g / maximum(norm(g), eps)\nreturn sin(u)", "min=eps)"),
        ("turn = every(t, k, 0)\nreturn when(turn, sin(g), g)", "turn = t % k == 0\n"),
        ("turn = every(t, k, 0)\nreturn when(turn, sin(g), g)", " if turn else "),
    ],
)
def test_what_never_raises_is_pythons(statements, line):
    text = written(statements)
    assert line in text and "_number(" not in text


@pytest.mark.parametrize(
    "number",
    [
        *("1 / k", "1 / (t - 1)", "b1 ** (0 - t)", "sqrt(0 - t)", "square(1e200)", "t ** 2000"),
        "1 / (1 - b1 ** (1e-30 * t))",
    ],
)
def test_what_may_raise_is_a_tensors(number):
    """It is infinite or NaN as in the interpreter, and no exception."""
    hyper = "k=0" if "k" in number else "b1=0.9" if "1e-30" in number else "b1=0"
    rule = parse(f"def rule(w, g, t, *, {hyper}):\n    c = {number}\n    return c * g")
    p = torch.nn.Parameter(torch.ones(2, dtype=torch.float64))
    optimizer = exporting_torch.torch_class(rule)([p])
    for _ in range(2):
        p.grad = torch.ones_like(p)
        optimizer.step()
    assert not torch.isfinite(p).any()


def test_a_scale_is_divided_only_by_what_rounding_leaves_above_zero():
    rule = parse("def rule(w, g, t, *, lr=0.1, b1=0.9):\n    return lr * g / (1 - b1 ** t ** -16)")
    p = torch.nn.Parameter(torch.ones(2))
    optimizer = exporting_torch.torch_class(rule)([p])
    for _ in range(20):
        p.grad = torch.ones_like(p)
        optimizer.step()
    assert torch.isneginf(p).all()


def test_a_rate_that_is_a_tensor_bounds_as_a_number_does():
    rule = parse("def rule(w, g, *, lr=0.1):\n    return minimum(abs(g), lr) * maximum(lr, 0.05)")
    ends = []
    for rate in (0.2, torch.tensor(0.2)):
        p = torch.nn.Parameter(torch.ones(3))
        p.grad = torch.tensor([0.1, 0.2, 3.0])
        exporting_torch.torch_class(rule)([p], lr=rate).step()
        ends.append(p.detach())
    torch.testing.assert_close(*ends)


def test_functions_of_a_file_say_what_they_do():
    assert '''    """One step of the quintic''' in to_torch_source(ZOO["muon"])
