"""Program to text and back."""

import ast
import cProfile
import functools
import inspect
import math
import pickle
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dsl.ops
from dsl import PRIMITIVES, parse
from dsl.language.initialisers import INITIALISERS, Init
from dsl.language.kinds import KINDS
from dsl.language.numbers import format_number
from dsl.program import Const, Local, Name, Program, Statement
from dsl.program.builder import Builder, number
from dsl.program.trace import program as trace
from dsl.rewrite.lower import in_other_words
from dsl.run.interpret import run_step
from tests.support.running import PolynomialStep
from tests.support.strategies import programs

NUMPY = """
def rule(w, g):
    return two * g + two ** g - two / g + (two > g) + (two >= g) * (two % g) - (two <= g)"""
NASTY = {
    "slots are swapped": """
def rule(w, g, m=zeros, v=ones):
    x = m
    m = v
    v = x
    return g""",
    "slots go round in a circle, and the result reads an old one": """
def rule(w, g, m=zeros, v=ones, h=copy_w):
    a = m
    m = v
    v = h
    h = a
    return a * g""",
    "the result reads a slot before and after it changes": """
def rule(w, g, m=zeros):
    old = m
    m = interp(g, m, 0.9)
    return m - old""",
    "inputs and hyperparameters are rebound": """
def rule(w, g, t, m=zeros, *, lr=0.1):
    g = g + 0.1 * w
    w = w * 2
    lr = lr / t
    t = t - 1
    m = m + g
    return lr * m + w * t""",
    "calls of numbers alone": """
def rule(w, g):
    return add(1, 2) * g + neg(3) - sqrt(4) * sub(mul(2, 3), power(2, -1)) + greater(1, 2)""",
    "powers nest to the right": """
def rule(w, g, *, b=0.5):
    return g ** 2 ** b + (g ** 2) ** b - -g ** 2 + (-g) ** 2 + 2 ** -b + g ** -2 + (-2) ** g""",
    "negative constants": """
def rule(w, g, m=const(-1), *, lr=-0.5):
    return -1 * g - -1 + g * -1e-8 / -m""",
    "a sum is grouped from the right": """
def rule(w, g):
    return w - (g - (w - g)) / (w / (g / w)) * (w * (g * w))""",
    "comparisons": """
def rule(w, g):
    return (g > w) > (w < g) + greater(1, g) * less(2, w) + (g > 1)""",
    "comparisons that may be equal": """
def rule(w, g):
    return (g >= w) >= (w <= g) + greater_equal(1, g) * less_equal(2, w) + (1 >= g) - (2 <= w)""",
    "remainders": """
def rule(w, g, t):
    return g % 2 % t * (w % (g % 3)) - 5 % g / (7 % 4) % -2 - -g % t ** 2""",
    "names for the same value": """
def rule(w, g, m=zeros, v=zeros):
    a = g
    b = a
    m = b
    v = sign(m)
    u = v
    m = u
    return u""",
    "dead statements": """
def rule(w, g, m=zeros):
    cosh(g)
    a = sin(g)
    a = cos(w)
    m = cosh(m)
    m = g
    return g""".replace("    cosh(g)\n", ""),
    "a slot is assigned first what does not stay": """
def rule(w, g, m=scalar(0)):
    m = norm(g)
    x = m
    m = 2
    return x * g""",
    "a negated sum": "def rule(w, g):\n    return -(g + w) * (-g) - (-(-g))",
    "numbers alone": "def rule(w, g, m=zeros):\n    m = 1\n    return 0",
}


@given(programs(kinds=KINDS.values()))
@settings(max_examples=200)
def test_print_then_parse_is_identity(program):
    again = parse(str(program))
    assert again == program
    assert hash(again) == hash(program)
    assert again.digest == program.digest
    assert str(parse(str(again))) == str(again)


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY.keys())
def test_print_then_parse_is_identity_where_it_is_hard(text):
    program = parse(text)
    assert parse(str(program)) == program
    assert traced(str(program)) == program


@given(programs(kinds=KINDS.values()))
@settings(max_examples=80)
def test_the_text_is_a_python_function_of_the_language_alone(program):
    tree = ast.parse(str(program))
    (function,) = tree.body
    assert isinstance(function, ast.FunctionDef)
    called = {n.func.id for n in ast.walk(function) if isinstance(n, ast.Call)}
    assert called <= set(PRIMITIVES) | set(INITIALISERS)
    assert not {type(n) for n in ast.walk(function)} & {ast.Attribute, ast.Import, ast.Lambda}
    assert "\t" not in str(program) and not str(program).endswith("\n")


@given(programs(kinds=KINDS.values()))
@settings(max_examples=100)
def test_the_traced_text_is_the_same_program(program):
    assert traced(str(program)) == program


def traced(text: str) -> Program:
    words = {word: getattr(dsl.ops, word) for word in dsl.ops.__all__}
    exec(text, words)
    (function,) = [f for f in words.values() if inspect.isfunction(f)]
    return trace(function)


@given(programs(kinds=KINDS.values()))
@settings(max_examples=20)
def test_equal_programs_have_equal_text_when_their_names_are_equal(program):
    copy = Program(**{f: getattr(program, f) for f in Program.__dataclass_fields__})
    assert copy == program and str(copy) == str(program)


def test_numbers_of_numpy_are_numbers_in_a_traced_function():
    words = {word: getattr(dsl.ops, word) for word in dsl.ops.__all__}
    words["two"] = np.float64(2)
    exec(NUMPY, words)
    assert trace(words["rule"]) == parse(NUMPY.replace("two", "2"))


@given(programs(kinds=KINDS.values()))
@settings(max_examples=30)
def test_a_program_can_be_sent_to_another_process(program):
    copy = pickle.loads(pickle.dumps(program))
    assert copy == program and hash(copy) == hash(program) and str(copy) == str(program)
    assert set(program.__getstate__()) == {part.name for part in fields(Program)}


def test_names_of_the_author_are_kept():
    text = (
        "def rule(w, g, m=zeros, *, lr=1e-3):\n"
        '    """Momentum."""\n'
        "    m = 0.9 * m + g\n"
        "    step = lr * m\n"
        "    return step"
    )
    assert str(parse(text)) == text


def test_names_are_kept_of_a_function_that_is_wrapped():
    def rule(w, g, *, lr=0.1):
        scaled = lr * g
        return scaled + w * scaled

    @functools.wraps(rule)
    def wrapped(*args, **kwargs):
        return rule(*args, **kwargs)

    assert "    scaled = lr * g\n" in str(trace(rule))
    assert str(trace(wrapped)) == str(trace(rule))


def test_a_profiler_goes_on_after_a_function_was_traced():
    def rule(w, g):
        return g

    profiler = cProfile.Profile()
    profiler.enable()
    try:
        traced = trace(rule)
        parse("def rule(w, g):\n    return g")
    finally:
        profiler.disable()
    assert traced == parse(str(traced))
    assert parse.__code__ in {entry.code for entry in profiler.getstats()}


def test_a_long_unnamed_chain_gets_names_so_that_it_can_be_read_back():
    build = Builder("rule")
    build.declare_input("g")
    value = Name("g")
    for _ in range(3000):
        value = build.call("sin", (value,))
    program = build.finish(value)
    assert parse(str(program)) == program
    assert max(len(line) for line in str(program).splitlines()) < 200


def test_a_name_that_stands_for_a_value_of_another_kind_is_not_used_for_a_slot():
    program = Program(
        name="rule",
        inputs=("w", "g"),
        slots={"m": Init("scalar", (0.0,))},
        hyperparameters={},
        statements=(Statement("sin", (Name("g"),), "m"), Statement("norm", (Local(0),), "m")),
        next_values={"m": Local(1)},
        result=Local(0),
    )
    assert parse(str(program)) == program


@given(st.text(max_size=60) | st.text('"\\\n a', max_size=30))
@settings(max_examples=300)
def test_any_docstring_survives(doc):
    program = Program("rule", ("w", "g"), {}, {}, (), {}, Name("g"), doc)
    again = parse(str(program))
    assert again == program
    assert parse(str(again)).doc == again.doc
    if doc.isprintable():
        assert again.doc == doc.strip() or again.doc == inspect.cleandoc(doc)


@pytest.mark.parametrize("symbol", [">=", "<=", ">", "<"])
def test_comparisons_are_those_of_python_for_every_number(symbol):
    """In the words of the machine too, which has no instruction for some."""
    numbers = [-math.inf, -1.5, -0.0, 0.0, 5e-324, 2.0, math.inf, math.nan]
    x, y = (np.ravel(each) for each in np.meshgrid(numbers, numbers))
    program = parse(f"def rule(w, g):\n    return w {symbol} g")
    expected = [float(eval(f"a {symbol} b", {"a": a, "b": b})) for a, b in zip(x, y, strict=True)]
    for written in (program, in_other_words(program)):
        (found,), _ = run_step(written, {"w": [x], "g": [y]}, {}, PolynomialStep(1, [x]), np)
        np.testing.assert_array_equal(found, expected)


def test_a_remainder_is_that_of_python():
    x, y = (np.ravel(each) for each in np.meshgrid([-7.5, -1.0, 0.0, 1e-9, 5.25], [-3.0, 2.0, 0.1]))
    program = parse("def rule(w, g):\n    return w % g")
    (found,), _ = run_step(program, {"w": [x], "g": [y]}, {}, PolynomialStep(1, [x]), np)
    np.testing.assert_array_equal(
        found, [a % b for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    )


DECIMALS = st.builds(
    lambda digits, power: float(f"{digits}e{power}"),
    st.integers(-(10**6), 10**6),
    st.integers(-9, 9),
)


@given(st.floats(allow_nan=False, allow_infinity=False) | DECIMALS)
@settings(max_examples=500)
def test_numbers_are_written_so_that_they_come_back(value):
    text = format_number(value)
    assert float(text) == value
    assert len(text) <= len(repr(value))
    assert parse(f"def rule(w, g, *, lr={text}):\n    return g").hyperparameters["lr"] == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (2.0, "2"),
        (-1.0, "-1"),
        (0.999, "0.999"),
        (1e-3, "1e-3"),
        (0.01, "0.01"),
        (1e-8, "1e-8"),
        (-2.5e-7, "-2.5e-7"),
        (1000.0, "1e3"),
        (120.0, "120"),
        (1e22, "1e22"),
        (5e-324, "5e-324"),
    ],
)
def test_numbers_are_written_with_the_fewest_characters(value, text):
    assert format_number(value) == text


def test_a_zero_has_no_sign():
    assert math.copysign(1, Const(-0.0).value) == 1
    program = parse("def rule(w, g, m=const(-0.0), *, lr=-0.0):\n    return lr * g")
    assert "-0" not in str(program)
    assert math.copysign(1, program.with_hyperparameters(lr=-0.0).hyperparameters["lr"]) == 1
    assert repr(number(-0.0)) == repr(number(0))


def test_numbers_are_folded_as_python_folds_them():
    program = parse("def rule(w, g, *, lr=10 ** -2 / 4 - 0.5):\n    return (1 - 0.9) * g")
    assert program.hyperparameters["lr"] == 10**-2 / 4 - 0.5
    assert program.statements == (Statement("mul", (Const(1 - 0.9), Name("g"))),)
