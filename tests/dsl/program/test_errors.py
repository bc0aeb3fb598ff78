"""Errors that a user meets who writes something that is not a program."""

import sys
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl import DslError, Program, parse
from dsl.language.initialisers import Init
from dsl.ops import const, sign, zeros
from dsl.program import Const, Local, Name, Statement
from dsl.program.builder import Builder
from dsl.program.trace import program as trace
from tests.support.strategies import programs


def rule(line: str, signature: str = "w, g, m=zeros, *, lr=0.1") -> str:
    return f"def rule({signature}):\n    {line}\n    return lr * g\n"


BROKEN = {
    "unknown primitive": rule("m = interpol(g, m, 0.9)"),
    "unknown initialiser": rule("m = g", "w, g, m=zeroes, *, lr=0.1"),
    "wrong kind": rule("m = interp(g, m, m)"),
    "wrong kind for a slot": rule("m = g", "w, g, m=scalar(0), *, lr=0.1"),
    "choice between histories": rule("m = where(lr, push(m, g), m)", "w, g, m=history(3), *, lr=1"),
    "norm of matrices": rule("m = norm(gram(g))"),
    "norm of members": rule("m = norm(m)", "w, g, m=history(3), *, lr=1"),
    "wrong arity": rule("m = interp(g, m)"),
    "wrong arity of one": rule("m = sign()"),
    "wrong arity of an initialiser": rule("m = g", "w, g, m=const, *, lr=0.1"),
    "unbound name": rule("m = mm * g"),
    "input not declared": rule("m = g / t"),
    "slot never initialised": rule("m = g", "w, g, m, *, lr=0.1"),
    "import": "import os\n" + rule("m = g"),
    "import inside": rule("import os"),
    "call of what is not a primitive": rule("m = (g)(m)"),
    "method": rule("m = g.sum()"),
    "attribute": rule("m = g.T"),
    "keyword argument": rule("m = interp(g, m, k=0.9)"),
    "starred argument": rule("m = interp(*g)"),
    "primitive not called": rule("m = sign"),
    "empty": "",
    "comment only": "# nothing",
    "null": rule("m = g\0"),
    "surrogate": rule("m = g  # \ud800"),
    "not Python": rule("m = = g"),
    "not closed": "def rule(w, g:\n    return g",
    "indentation": "def rule(w, g):\nreturn g",
    "missing return": "def rule(w, g):\n    u = g",
    "empty return": "def rule(w, g):\n    return",
    "docstring only": 'def rule(w, g):\n    """Nothing."""',
    "early return": rule("return g"),
    "missing default": "def rule(w, g, *, lr):\n    return lr * g",
    "number as a slot": "def rule(w, g, lr=0.1):\n    return lr * g",
    "boolean": rule("m = g * True"),
    "boolean default": "def rule(w, g, *, lr=True):\n    return lr * g",
    "complex": rule("m = g * 2j"),
    "string": rule("m = 'g'"),
    "default that is no number": "def rule(w, g, *, lr=sqrt(2)):\n    return lr * g",
    "duplicate": "def rule(w, g, m=zeros, *, m=0.1):\n    return m * g",
    "duplicate input": "def rule(w, g, g):\n    return g",
    "decorator": "@program\ndef rule(w, g):\n    return g",
    "annotation": "def rule(w: Tensor, g) -> Tensor:\n    return g",
    "annotated assignment": rule("m: Tensor = g"),
    "two functions": "def a(w, g):\n    return g\n\ndef b(w, g):\n    return g",
    "class": "class Rule:\n    pass",
    "async": "async def rule(w, g):\n    return g",
    "star arguments": "def rule(w, g, *args):\n    return g",
    "keywords": "def rule(w, g, **kwargs):\n    return g",
    "positional only": "def rule(w, /, g):\n    return g",
    "value that hides a primitive that is called": rule("norm = norm(g)"),
    "slot that hides a primitive that is called": "def rule(w, g, sign=zeros):\n    return sign(g)",
    "hyperparameter that hides a primitive": "def rule(w, g, *, exp=1):\n    return exp(g)",
    "rule that calls itself": "def sign(w, g):\n    return sign(g)",
    "name of a primitive before it is assigned": rule("m = norm; norm = g"),
    "called value": rule("u = g; m = u(g)"),
    "unknown primitive behind a dot": rule("m = ops.nrm(g)"),
    "keyword of a primitive behind a dot": rule("m = ops.norm(x=g)"),
    "another dot": rule("m = opt.norm(g)"),
    "slot named like an input": "def rule(w, g, t=zeros):\n    return g",
    "hyperparameter named like an input": "def rule(w, *, g=0.1):\n    return g * w",
    "dunder": rule("__debug__ = g"),
    "division by zero": rule("m = g * (1 / 0)"),
    "not real": rule("m = g * (-1) ** 0.5"),
    "overflow": rule("m = g * 10 ** 400"),
    "infinite": rule("m = g * 1e999"),
    "huge integer": rule("m = g * 0x" + "f" * 400),
    "comparison of numbers": rule("m = g * (1 < 2)"),
    "chained comparison": rule("m = 0 < g < 1"),
    "equality": rule("m = g == m"),
    "and": rule("m = g and m"),
    "floor division": rule("m = g // 2"),
    "remainder of nothing": rule("m = g * (1 % 0)"),
    "a rate of many numbers": rule("m = interp(g, m, abs(g))"),
    "not": rule("m = not g"),
    "conditional": rule("m = g if lr else m"),
    "if": rule("if lr: m = g"),
    "for": rule("for i in g: m = g"),
    "while": rule("while lr: m = g"),
    "with": rule("with g: m = g"),
    "augmented": rule("m += g"),
    "tuple": rule("m, lr = lr, m"),
    "twice at once": rule("m = u = g"),
    "walrus": rule("m = (u := g)"),
    "index": rule("m = g[0]"),
    "list": rule("m = [g]"),
    "comprehension": rule("m = [g for g in m]"),
    "lambda": rule("m = lambda: g"),
    "f-string": rule("m = f'{g}'"),
    "expression": rule("sign(g)"),
    "inner function": rule("def f(): return g"),
    "global": rule("global m"),
    "delete": rule("del m"),
    "long line": rule("m = " + "g + " * 60 + "gg"),
    "place behind other letters": rule("méé = g + ü"),
    "form feed": rule("m = g\f\n    m = gg"),
}
NO_PLACE = {"empty", "comment only", "null", "surrogate"}
IN_WORDS_OF_PYTHON = {"null", "surrogate", "not Python", "not closed", "indentation"}
"""Messages that differ between versions of Python."""


@pytest.mark.parametrize("name", BROKEN)
def test_the_error_says_where_what_and_what_to_try(name, snapshot):
    with pytest.raises(DslError) as caught:
        parse(BROKEN[name])
    error = caught.value
    assert "not a program" in str(error) if name in IN_WORDS_OF_PYTHON else str(error) == snapshot
    if name not in NO_PLACE:
        assert error.line and error.column and error.excerpt
        lines = BROKEN[name].split("\n")
        assert 1 <= error.line <= len(lines)
        assert 1 <= error.column <= len(lines[error.line - 1]) + 1
        assert max(map(len, error.excerpt.split("\n"))) < 120


DEEP = {
    "parentheses": "(" * 5000 + "g" + ")" * 5000,
    "signs": "-" * 5000 + "g",
    "sum": "g" + " + g" * 5000,
    "powers": "g" + " ** g" * 5000,
    "calls": "sin(" * 1500 + "g" + ")" * 1500,
    "calls that Python's parser accepts": "sin(" * 90 + "g" + " * 2)" * 90,
    "text": "g" + "  " * 60_000,
    "number": "g * " + "1" * 5000,
}


@pytest.mark.parametrize("expression", DEEP.values(), ids=DEEP.keys())
def test_huge_and_deep_text_is_an_error_or_a_program(expression):
    try:
        program = parse(f"def rule(w, g):\n    return {expression}")
    except DslError as error:
        assert len(str(error)) < 1000
    else:
        assert parse(str(program)) == program


def test_nothing_in_a_text_is_run(capsys):
    before = set(sys.modules)
    for text in (
        rule("m = print(1)"),
        "print(1)\n" + rule("m = g"),
        "@print\n" + rule("m = g"),
        "def rule(w, g, m=print(1)):\n    return g",
        "def rule(w: print(1), g) -> print(2):\n    return g",
        rule("m = __import__('antigravity')"),
        rule("m = f'{print(1)}'"),
    ):
        with pytest.raises(DslError):
            parse(text)
    assert capsys.readouterr() == ("", "")
    assert "antigravity" not in set(sys.modules) - before


@given(st.text() | st.text("def rule(w,g):\n =*+-1.e'\"#\\", max_size=80))
@settings(max_examples=200)
def test_any_text_is_a_program_or_an_error_of_the_language(text):
    check_fate(text)


@st.composite
def mutated_texts(draw):
    text = str(draw(programs(max_statements=6)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 8)))
        other = draw(st.integers(0, len(text)))
        spare = draw(st.sampled_from(("", text[other : other + 9], "(", ")", ",", "\n", "0", "é")))
        text = text[:start] + (spare or draw(st.text(max_size=3))) + text[end:]
    return text


@given(mutated_texts())
@settings(max_examples=200)
def test_a_damaged_program_is_a_program_or_an_error_of_the_language(text):
    check_fate(text)


def check_fate(text: str) -> None:
    try:
        program = parse(text)
    except DslError as error:
        assert str(error)
        if error.line is not None:
            assert error.column and error.excerpt is not None
    else:
        assert parse(str(program)) == program


GOOD = parse("def rule(w, g, m=zeros, *, lr=0.1):\n    m = m + g\n    return lr * m")
NONSENSE = {
    "no statement": {"result": Local(7)},
    "negative index": {"result": Local(-1)},
    "index of words": {"result": Local("0")},
    "read before made": {"statements": (Statement("sin", (Local(0),)),)},
    "unbound name": {"result": Name("q")},
    "name of a number": {"result": Name(3)},
    "bare number": {"result": 3.0},
    "nothing": {"result": None},
    "list": {"result": [Name("g")]},
    "unknown primitive": {"statements": (Statement("nope", ()),) * 2},
    "wrong arity": {"statements": (Statement("add", (Name("g"),)),) * 2},
    "not a statement": {"statements": ("add", "mul")},
    "no statements": {"statements": None},
    "a list of statements": {"statements": list(GOOD.statements)},
    "unknown input": {"inputs": ("w", "g", "x")},
    "input twice": {"inputs": ("w", "g", "g")},
    "slot and hyperparameter": {"hyperparameters": {"m": 0.1}},
    "slot without value": {"next_values": {}},
    "value without slot": {"next_values": {"m": Local(0), "v": Local(0)}},
    "slot named like an input": {"slots": {"loss": Init("zeros")}},
    "slot without initialiser": {"slots": {"m": "zeros"}},
    "slots that are no mapping": {"slots": ("m",)},
    "slot of a lower kind": {"slots": {"m": Init("number", (0.0,))}},
    "hyperparameter of NaN": {"hyperparameters": {"lr": float("nan")}},
    "infinite hyperparameter": {"hyperparameters": {"lr": float("inf")}},
    "hyperparameter of words": {"hyperparameters": {"lr": "0.1"}},
    "boolean hyperparameter": {"hyperparameters": {"lr": True}},
    "name that is no name": {"name": "my rule"},
    "name that is a word of Python": {"name": "lambda"},
    "name that Python reads otherwise": {"hyperparameters": {"ﬁ": 0.1}},
    "value named like a word of Python": {
        "statements": tuple(replace(s, name="if") for s in GOOD.statements)
    },
}


@pytest.mark.parametrize("parts", NONSENSE.values(), ids=NONSENSE.keys())
def test_a_program_made_by_hand_is_checked(parts):
    fields = {name: getattr(GOOD, name) for name in Program.__dataclass_fields__}
    assert Program(**fields) == GOOD
    with pytest.raises(DslError) as caught:
        Program(**{**fields, **parts})
    assert str(caught.value)


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), True, "1", None, 10**400, 1j])
def test_a_number_of_a_program_is_finite_and_real(value):
    with pytest.raises(DslError):
        Const(value)
    with pytest.raises(DslError):
        Init("const", (value,))
    with pytest.raises(DslError):
        GOOD.with_hyperparameters(lr=value)


@pytest.mark.parametrize(
    "make",
    [
        lambda: Init("nope"),
        lambda: Init("const"),
        lambda: Init("zeros", (1.0,)),
        lambda: GOOD.with_hyperparameters(b1=0.9),
        lambda: Builder("rule").declare_slot("m", const),
        lambda: sign(1.0),
    ],
)
def test_parts_of_a_program_made_by_hand_are_checked(make):
    with pytest.raises(DslError):
        make()


def with_truth(w, g):
    return g if g > 0 else w


def with_equality(w, g, m=zeros):
    return g if m == g else w


def with_loop(w, g):
    return sum(g, 0.0)


def with_string(w, g):
    return g * "2"


def with_flag(w, g):
    return g * True


def with_number_as_slot(w, g, m=0.0):
    return g


def with_unfinished_slot(w, g, m=const):
    return g


def with_array(w, g):
    return [g]


def with_shadow(w, g, sign=zeros):
    return sign(g)


def with_huge_number(w, g):
    return g * 10**400


@pytest.mark.parametrize(
    "function",
    [
        with_truth,
        with_equality,
        with_loop,
        with_string,
        with_flag,
        with_number_as_slot,
        with_unfinished_slot,
        with_array,
        with_shadow,
        with_huge_number,
    ],
    ids=lambda f: f.__name__,
)
def test_a_traced_function_that_is_no_rule_is_refused(function, snapshot):
    with pytest.raises(DslError) as caught:
        trace(function)
    assert function.__name__ in str(caught.value)
    assert str(caught.value) == snapshot
