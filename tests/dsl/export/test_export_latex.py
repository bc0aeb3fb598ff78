"""The equations of a rule."""

import re

import pytest
from hypothesis import given

from dsl import PRIMITIVES, parse
from dsl.checks.single import one_primitive
from dsl.export import to_latex
from dsl.export.latex import Formula
from dsl.language.registry import Binding
from dsl.zoo import ZOO
from tests.support.everyday import TO_READ
from tests.support.odd_programs import ODD
from tests.support.strategies import programs

TWICE = r"([_^])(\w|\\\w+|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})\1"


def check(text: str) -> None:
    """Braces, brackets and the environment are closed; the last line is the step, or the point
    behind it."""
    assert text.startswith("\\begin{align*}\n") and text.endswith("\n\\end{align*}\n")
    plain = text.replace("\\{", "").replace("\\}", "")
    depth = 0
    for char in plain:
        depth += (char == "{") - (char == "}")
        assert depth >= 0
    assert depth == 0
    assert not re.search(TWICE, plain), "two indices, or two exponents, of one symbol"
    assert text.count("\\left") - text.count("\\left|") == len(
        re.findall(r"\\left(?!\|)", text)
    ) and text.count("\\left") == text.count("\\right")
    lines = text.strip().split("\n")[1:-1]
    if lines[-1].startswith(r"  w^{\mathrm{eval}}_t &= "):
        lines[-2:] = [lines[-2].removesuffix(r" \\")]
    assert lines[-1].startswith("  w_t &= w_{t-1} - ")
    assert all(line.count("&") == 1 for line in lines)


@pytest.mark.parametrize("name", [*ZOO, *ODD])
def test_a_rule_has_equations(name):
    check(to_latex({**ZOO, **ODD}[name]))


@pytest.mark.parametrize("op", PRIMITIVES)
def test_a_primitive_has_an_equation(op):
    program = one_primitive(PRIMITIVES[op])
    if program is None:
        pytest.skip("a rule of the zoo shows it")
    check(to_latex(program))


@pytest.mark.parametrize("op", PRIMITIVES)
def test_a_formula_that_is_a_sum_says_so(op):
    primitive = PRIMITIVES[op]
    outside = primitive.latex.format(**{p: Formula("x", Binding.ATOM) for p in primitive.params})
    for group in (r"\{[^{}]*\}", r"\\left(?:(?!\\left).)*?\\right"):
        while outside != (outside := re.sub(group, "", outside)):
            pass
    assert primitive.binds < Binding.PRODUCT or not re.search(r"\S [+-] |^-", outside)


@given(programs())
def test_any_program_has_equations(program):
    check(to_latex(program))


@pytest.mark.parametrize(
    ("expression", "latex"),
    [
        ("(g + w) * g", r"\left(g_t + w_{t-1}\right)\,g_t"),
        ("g - (g - w)", r"g_t - \left(g_t - w_{t-1}\right)"),
        ("(g * w) ** 2", r"{\left(g_t\,w_{t-1}\right)}^{2}"),
        ("square(-g)", r"{\left(-g_t\right)}^2"),
        ("g / (w + 1e-8)", r"\frac{g_t}{w_{t-1} + 10^{-8}}"),
        (
            "hessian_solve(g - w, 1)",
            r"\left(\nabla^2 f(w) + 1 I\right)^{-1} \left(g_t - w_{t-1}\right)",
        ),
        ("square(dot(g - w, g))", r"{\langle g_t - w_{t-1}, g_t\rangle}^2"),
        ("g * -2.5e-7", r"g_t\,\left(-2.5 \cdot 10^{-7}\right)"),
        ("interp(g, w - g, 0.9)", r"(1 - 0.9)\,g_t + 0.9\,\left(w_{t-1} - g_t\right)"),
        (
            "newton_schulz(g, 2, -3, global_norm(g) - 1)",
            r"2\,g_t + \left(-3\,A + \left(\left\|g_t\right\|_{\mathrm{all}} - 1\right)\,A^2\right)"
            r"g_t \;\big|_{A = g_tg_t^\top}",
        ),
        ("2 * interp(g, w, 0.9)", r"2\,\left((1 - 0.9)\,g_t + 0.9\,w_{t-1}\right)"),
    ],
)
def test_brackets_stand_where_they_must(expression, latex):
    program = parse(f"def rule(w, g):\n    u = {expression}\n    return u")
    assert to_latex(program).split("\n")[1] == f"  u_t &= {latex} \\\\"


@pytest.mark.parametrize("name", TO_READ)
def test_the_equations_read_well(name, snapshot):
    assert to_latex(ZOO[name]) == snapshot
