"""Exported PyTorch optimizers work in place where the data flow of the rule allows it."""

import pytest

from benchmarks.export import peak_of_step
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
        "root = (1 - b2**t) ** 0.5",
        "denom = torch.sqrt(v).add_(eps * root)",
        "w.mul_(1 - lr * wd).addcdiv_(m, denom, value=-lr * root / (1 - b1**t))",
        "self._close(p, w, state)",
    ]


def test_adan_is_written_as_by_hand():
    assert loop(ZOO["adan"])[3:] == [
        'd = state["last"].neg_().add_(g)',
        "m.lerp_(g, 1 - b1)",
        "v.lerp_(d, 1 - b2)",
        "update = d.mul_(b2).add_(g).square_()",
        "n.lerp_(update, 1 - b3)",
        "root = (1 - b3**t) ** 0.5",
        "denom = torch.sqrt(n).add_(eps * root)",
        "if wd != 0:",
        "w.div_(1 + lr * wd)",
        "w.addcdiv_(m, denom, value=-lr * root / (1 - b1**t) / (1 + lr * wd))",
        "w.addcdiv_(v, denom, value=-lr * root * b2 / (1 - b2**t) / (1 + lr * wd))",
        'state["last"].copy_(g)',
        "self._close(p, w, state)",
    ]


def test_muon_keeps_one_matrix_between_its_steps():
    lines = loop(ZOO["muon"])
    assert lines.count("u = _newton_schulz(u, 3.4445, -4.775, 2.0315)") == 5
    assert lines[-4:] == [
        "if wd != 0:",
        "w.mul_(1 - lr * wd)",
        "w.sub_(u, alpha=lr)",
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

DIFFERENCE_THAT_IS_KEPT = """
def rule(w, g, last=first_g, past=zeros, *, lr=0.1):
    d = g - last
    past = d
    last = g
    return lr * (0.5 * d + past)
"""
SLOT_THAT_MOVES_ON = """
def rule(w, g, last=first_g, before=zeros, *, lr=0.1):
    d = g - last
    before = last
    last = g
    return lr * (d * d + before)
"""
SLOT_THAT_STAYS = """
def rule(w, g, start=copy_w, m=zeros, *, lr=0.1):
    d = w - start
    m = 0.9 * m + 0.1 * sin(d)
    return lr * (m + g)
"""
DIFFERENCE_READ_TWICE = """
def rule(w, g, last=first_g, m=zeros, *, lr=0.1, b1=0.9):
    d = g - last
    x = g + b1 * d
    m = interp(square(x), m, b1)
    last = g
    return lr * (x / (sqrt(m) + 0.1) + d)
"""
NUMBER_OF_A_DIFFERENCE = """
def rule(w, g, last=first_g, *, lr=0.1):
    d = g - last
    x = 2 * norm(d) * g
    last = 0.5 * g
    return lr * (x + d * sin(w))
"""
SUM_OVER_A_ROOT = """
def rule(w, g, t, m=zeros, v=zeros, *, lr=0.1, b1=0.9, b2=0.99, eps=0.1, wd=0):
    m = interp(g, m, b1)
    v = interp(square(g - m), v, b2)
    return lr * ((m / (1 - b1 ** t) - b2 * g + v) / (sqrt(v) + eps) + wd * w) / (1 + lr * wd)
"""
STEP_THAT_REPLACES_THE_PARAMETERS = """
def rule(w, g, z=copy_w, *, lr=0.1):
    z = z - lr * g
    u = clip(z, -1, 1) * greater(abs(w), 0.1)
    return w - u
"""
ROOTS_WITH_A_CORRECTION = """
def rule(w, g, t, m=zeros, v=zeros, *, lr=0.1, b1=0.9, b2=0.99, eps=0.1, wd=0.3):
    m = interp(g, m, b1)
    v = interp(square(g - 0.5 * m), v, b2)
    a = m / (sqrt(v / (1 - b2 ** t)) + eps)
    return lr * (a + g / (sqrt(v / (1 - b1 ** t)) + eps * 2) + wd * w)
"""
SQUARE_THAT_IS_READ_AGAIN = """
def rule(w, g, v=zeros, x=zeros, *, lr=0.1, b1=0.9):
    d = g + 0.5 * w
    v = interp(square(d), v, b1)
    x = interp(square(g - w), x, b1)
    return lr * (d / (sqrt(v) + 0.1) + x)
"""
MATRIX_THAT_IS_READ_AGAIN = """
def rule(w, g, m=zeros, *, lr=0.1, b1=0.9):
    m = interp(g, m, b1)
    x = newton_schulz(m, 1.5, -0.5, 0)
    u = newton_schulz(x, 1.5, -0.5, 0)
    return lr * (2 * u + sqrt(row_count(w)) * u - x * norm(x))
"""


@pytest.mark.parametrize(
    "text",
    [
        STEP_THAT_REPLACES_THE_PARAMETERS,
        ROOTS_WITH_A_CORRECTION,
        SQUARE_THAT_IS_READ_AGAIN,
        MATRIX_THAT_IS_READ_AGAIN,
        DIFFERENCE_THAT_IS_KEPT,
        SLOT_THAT_MOVES_ON,
        SLOT_THAT_STAYS,
        DIFFERENCE_READ_TWICE,
        NUMBER_OF_A_DIFFERENCE,
        SUM_OVER_A_ROOT,
        SUM_OVER_A_ROOT.replace("wd=0", "wd=0.3"),
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


@pytest.mark.parametrize("wd", [0.0, 0.1])
def test_a_decay_that_is_0_by_default_costs_nothing_until_it_is_set(wd):
    p = torch.nn.Parameter(torch.ones(3))
    p.grad = torch.zeros(3)
    optimizer = exporting_torch.torch_class(ZOO["lion"])([p], lr=0.5, weight_decay=wd)
    with torch.profiler.profile() as profile:
        optimizer.step()
    assert ("aten::mul_" in {event.key for event in profile.key_averages()}) == (wd > 0)
    torch.testing.assert_close(p.detach(), torch.full((3,), 1 - 0.5 * wd))


def test_a_step_of_adan_holds_one_more_tensor_at_once():
    params = [torch.nn.Parameter(torch.ones(1000)) for _ in range(8)]
    for p in params:
        p.grad = torch.full_like(p, 0.5)
    for foreach, bound in ((False, 2), (True, 8)):  # the last one still has its name
        optimizer = exporting_torch.torch_class(ZOO["adan"])(params, foreach=foreach)
        optimizer.step()
        assert peak_of_step(optimizer.step) / params[0].nbytes < bound + 0.2


def test_what_the_rest_of_a_chain_reads_is_not_written_over():
    text = "def rule(w, g, *, lr=0.1):\n    x = square(g)\n    return lr * tanh(x + g + x)"
    program = parse(text)
    p = torch.nn.Parameter(torch.tensor([0.5, -2.0], dtype=torch.float64))
    p.grad = torch.tensor([0.3, 0.7], dtype=torch.float64)
    names: dict[str, object] = {}
    exec(compile(to_torch_source(program), "rule", "exec"), names)
    names["Rule"]([p]).step()
    moved = 0.1 * torch.tanh(2 * p.grad**2 + p.grad)
    torch.testing.assert_close(torch.tensor([0.5, -2.0], dtype=torch.float64) - moved, p.detach())
