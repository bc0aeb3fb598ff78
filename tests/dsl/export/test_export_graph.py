"""The graph of a rule."""

import re

import pytest
from hypothesis import given

from dsl import parse
from dsl.export import to_graph
from dsl.rewrite.liveness import live
from dsl.zoo import ZOO
from tests.support.everyday import TO_READ
from tests.support.odd_programs import ODD
from tests.support.strategies import programs


def check(program) -> None:
    """Every edge joins declared nodes, every live statement and slot is there, once."""
    text = to_graph(program)
    assert text.startswith(f'digraph "{program.name}" {{\n') and text.endswith("}\n")
    nodes = re.findall(r"^  (\w+) \[label=", text, re.MULTILINE)
    assert len(nodes) == len(set(nodes))
    edges = re.findall(r"^  (\w+) -> (\w+)", text, re.MULTILINE)
    assert {end for edge in edges for end in edge} <= set(nodes)
    alive = live(program)
    assert sum(node[0] == "s" and node[1:].isdigit() for node in nodes) == len(alive.statements)
    assert {f"v_{slot}" for slot in alive.slots} <= set(nodes)
    assert [end for _, end in edges].count("step") == 1


@pytest.mark.parametrize("name", [*ZOO, *ODD])
def test_a_rule_has_a_graph(name):
    check({**ZOO, **ODD}[name])


@given(programs())
def test_any_program_has_a_graph(program):
    check(program)


def test_dead_code_is_not_drawn():
    assert "sign" not in to_graph(parse("def f(w, g):\n    u = sign(g)\n    return g"))


@pytest.mark.parametrize("name", TO_READ)
def test_the_graph_reads_well(name, snapshot):
    assert to_graph(ZOO[name]) == snapshot
