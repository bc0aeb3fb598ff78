"""Exported PyTorch optimizers work in place where the data flow of the rule allows it."""

import pytest

from dsl import parse
from dsl.export import to_torch_source
from dsl.zoo import ZOO
from tests.support import exporting, exporting_torch

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch


def loop(rule) -> list[str]:
    """The lines of the loop of a rule's file, without those that read the group."""
    text = to_torch_source(rule).split("in ready:\n")[1].split("        return loss\n")[0]
    return [line.strip() for line in text.splitlines() if "group" not in line]


def test_adamw_is_written_as_by_hand():
    assert loop(ZOO["adamw"]) == [
        "w, state = self._open(p)",
        't = _count(state["step"])',
        'm, v = state["m"], state["v"]',
        "m.lerp_(g, 1 - b1)",
        "v.mul_(b2).addcmul_(g, g, value=1 - b2)",
        "denom = (v / (1 - b2**t)).sqrt_().add_(eps)",
        "w.mul_(1 - lr * wd).addcdiv_(m, denom, value=-lr / (1 - b1**t))",
        "self._close(p, w, state)",
    ]


OLD_VALUE_READ_LATER = """
def rule(w, g, m=zeros, last=zeros, *, lr=0.1):
    u = m
    m = 0.5 * m + g
    last = m * g
    return lr * (u + last)
"""
SLOTS_THAT_TURN = """
def rule(w, g, a=zeros, b=ones, c=zeros, *, lr=0.1):
    x = a
    a = 0.9 * b + g
    b = 0.9 * x + g * g
    c = x
    return lr * (a + b * c)
"""
THE_SLOT_IN_A_PRODUCT = """
def rule(w, g, m=ones, *, lr=0.1):
    m = 0.5 * m + m * g
    return lr * m
"""
PARAMETERS_IN_A_QUOTIENT = """
def rule(w, g, v=ones, *, lr=0.1):
    v = w
    return lr * (0.5 * w + g / (w + 3)) - v
"""
VIEW_OF_A_SLOT = """
def rule(w, g, m=zeros, *, lr=0.1):
    x = transpose_free(m)
    m = 0.5 * m + g
    return lr * x
""".replace("transpose_free(m)", "block_mean(m)")
NUMBERS_OF_TENSORS = """
def rule(w, g, t, m=zeros, *, lr=0.1, b1=0.9):
    u = norm(g) * g / (norm(w) + 1)
    m = interp(u, m, b1)
    return lr * m / (1 - b1 ** t)
"""


@pytest.mark.parametrize(
    "text",
    [
        OLD_VALUE_READ_LATER,
        SLOTS_THAT_TURN,
        THE_SLOT_IN_A_PRODUCT,
        PARAMETERS_IN_A_QUOTIENT,
        VIEW_OF_A_SLOT,
        NUMBERS_OF_TENSORS,
    ],
)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_value_that_is_read_again_is_not_written_over(text, dtype):
    rule = parse(text)
    path = exporting_torch.torch_walk(rule, exporting_torch.torch_class(rule), dtype)
    bound = 1e-10 if dtype == "float64" else 1e-4
    assert exporting.apart(path, exporting.interpreted(rule, dtype)) < bound


def test_gradients_stay_as_they_are():
    p = torch.nn.Parameter(torch.ones(3))
    p.grad = torch.full_like(p, 0.5)
    optimizer = exporting_torch.torch_class(ZOO["adan"])([p])
    for _ in range(2):
        optimizer.step()
    assert p.grad.tolist() == [0.5, 0.5, 0.5]
