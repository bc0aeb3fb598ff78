"""Exported PyTorch optimizers choose once by a flag, and compute once what several choices need."""

import ast

import pytest

from dsl import parse
from dsl.export import to_torch_source
from dsl.zoo import ZOO
from tests.support import exporting, exporting_torch

pytest.importorskip("torch")
pytestmark = pytest.mark.torch

ONE_AFTER_THE_OTHER = """
def rule(w, g, t, m=zeros, v=ones, n=zeros, *, lr=0.1):
    even = every(t, 2, 0)
    third = every(t, 3, 0)
    x = sin(m + g)
    m = when(even, x + g, 0.5 * m)
    u = when(third, cos(m), m)
    v = when(even, u + sin(v), x)
    n = when(third, v - x, when(even, u, n))
    return lr * (m + u * 0.1 + sin(v) + 0.1 * sin(n))
"""
"""Choices by one flag that read choices by another."""

BETWEEN_CHOICES = """
def rule(w, g, t, m=zeros, v=ones, *, lr=0.1):
    even = every(t, 2, 0)
    m = when(even, sin(g), m)
    x = 0.5 * m + g
    v = when(even, x, sin(v))
    return lr * (x + v)
"""
"""A line that reads a choice, and that the next one reads."""

SAME_TWICE = """
def rule(w, g, t, m=zeros, v=ones, *, lr=0.1):
    x = sin(g) * norm(g + m)
    y = sin(g) * norm(g + m)
    m = when(every(t, 2, 0), x + y, m)
    v = when(every(t, 2, 0), y, x)
    return lr * (sin(g) + m + v)
"""


@pytest.mark.parametrize("text", [ONE_AFTER_THE_OTHER, BETWEEN_CHOICES, SAME_TWICE])
def test_choices_made_together_are_those_of_the_rule(text):
    rule = parse(text)
    path = exporting_torch.torch_walk(rule, exporting_torch.torch_class(rule), "float64")
    assert exporting.apart(path, exporting.interpreted(rule, "float64")) < 1e-10


def calls(source: str) -> list[str]:
    """The functions that the step of a file calls, each as often as it stands there."""
    (made,) = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    (step,) = (n for n in made.body if isinstance(n, ast.FunctionDef) and n.name == "step")
    return [ast.unparse(n.func) for n in ast.walk(step) if isinstance(n, ast.Call)]


def test_soap_orders_its_basis_once_and_turns_it_in_one_block():
    source = to_torch_source(ZOO["soap"])
    assert calls(source).count("_descending") == 1
    assert source.count("if turn:") == source.count("if adam != 0:") == 1


def test_what_is_written_twice_is_computed_once():
    found = calls(to_torch_source(parse(SAME_TWICE)))
    assert found.count("torch.sin") == found.count("torch.linalg.vector_norm") == 1
