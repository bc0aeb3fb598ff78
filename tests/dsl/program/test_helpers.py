"""Helper rules: functions above the rule of a text, written out where they are called."""

import inspect
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dsl.ops
from dsl import DslError, canonical_hash, parse
from dsl.language.kinds import KINDS
from dsl.program import INPUTS, Program
from dsl.program.helpers import MAX_STATEMENTS
from dsl.program.trace import program as trace
from tests.support.strategies import programs

MUON = """
def orthogonal(x, *, a=3.4445, b=-4.775, c=2.0315):
    \"\"\"A step of Newton and Schulz.\"\"\"
    outer = gram(x)
    return a * x + mode_product(shortest(b * outer + c * matmul(outer, outer)), x)

def twice(x, scale):
    x = orthogonal(x / scale)
    return orthogonal(x), scale

def rule(w, g, m=zeros, *, lr=0.02, b1=0.95):
    m = b1 * m + g
    u, size = twice(m, scale=norm(m))
    return lr * u * size
"""
BY_HAND = """
def rule(w, g, m=zeros, *, lr=0.02, b1=0.95):
    m = b1 * m + g
    size = norm(m)
    x = m / size
    outer = gram(x)
    x = 3.4445 * x + mode_product(shortest(-4.775 * outer + 2.0315 * matmul(outer, outer)), x)
    outer = gram(x)
    x = 3.4445 * x + mode_product(shortest(-4.775 * outer + 2.0315 * matmul(outer, outer)), x)
    return lr * x * size
"""


def test_helpers_are_written_out_as_by_hand():
    program, by_hand = parse(MUON), parse(BY_HAND)
    assert canonical_hash(program) == canonical_hash(by_hand)
    assert program.digest == by_hand.digest
    assert parse(str(program)) == program
    assert str(program).count("def ") == 1


def test_numbers_handed_to_a_helper_are_numbers_inside():
    text = "def ema(x, y, b):\n    return b * x + (1 - b) * y\n\n"
    given = parse(text + "def rule(w, g, m=zeros):\n    m = ema(m, g, 0.9)\n    return m")
    assert given == parse("def rule(w, g, m=zeros):\n    m = 0.9 * m + (1 - 0.9) * g\n    return m")
    negative = parse(text + "def rule(w, g, m=zeros):\n    m = ema(m, g, -0.5)\n    return m")
    assert negative == parse(
        "def rule(w, g, m=zeros):\n    m = -0.5 * m + (1 + 0.5) * g\n    return m"
    )


def test_names_of_a_helper_are_its_own():
    text = """
def inner(m, lr):
    w = m * lr
    m = w + lr
    return m

def rule(w, g, m=zeros, *, lr=0.1):
    u = inner(g, 2)
    return lr * u + w * m
"""
    expected = """
def rule(w, g, m=zeros, *, lr=0.1):
    u = g * 2 + 2
    return lr * u + w * m
"""
    program = parse(text)
    assert program == parse(expected)
    assert str(program) == str(parse(expected)), "the caller's name of a value is kept"
    assert program.next_values["m"].id == "m", "a helper assigns no slot"


def test_the_traced_text_with_helpers_is_the_same_program():
    words = {word: getattr(dsl.ops, word) for word in dsl.ops.__all__}
    exec(MUON, words)
    assert trace(words["rule"]) == parse(MUON)


def test_an_argument_is_evaluated_once_and_in_order():
    text = """
def keep(y, x):
    return x

def square_of(x):
    return x * x

def rule(w, g):
    return square_of(keep(x=sin(g), y=cos(g)))
"""
    assert parse(text) == parse(
        "def rule(w, g):\n    u = sin(g)\n    v = cos(g)\n    return u * u\n"
    )


@st.composite
def folded(draw) -> tuple[str, Program]:
    """A program, and its text with some of the statements moved into helpers."""
    program = replace(draw(programs(kinds=KINDS.values(), oracles=False)), doc="")
    head, *body = str(program).split("\n")
    while head.count("(") > head.count(")"):
        head += body.pop(0)
    helpers, lines = [], []
    known = [*program.inputs, *program.slots, *program.hyperparameters]
    for line in body:
        name, equals, value = line.strip().partition(" = ")
        if equals and name.isidentifier() and draw(st.booleans()):
            extra = draw(st.sampled_from(("", ", *, unused=0.5")))
            helper = f"helper_{len(helpers)}"
            helpers.append(f"def {helper}({', '.join(known)}{extra}):\n    return {value}\n")
            lines.append(f"    {name} = {helper}({', '.join(known)})")
        else:
            lines.append(line)
        if equals and name.isidentifier() and name not in known:
            known.append(name)
    return "\n".join([*helpers, head, *lines]), program


@given(folded())
@settings(max_examples=40)
def test_a_program_whose_lines_are_helpers_is_the_program(pair):
    text, program = pair
    again = parse(text)
    assert again == program
    assert canonical_hash(again) == canonical_hash(program)
    assert parse(str(again)) == again


def rule(helpers: str, line: str = "m = f(g)") -> str:
    return f"{helpers}\n\ndef rule(w, g, m=zeros, *, lr=0.1):\n    {line}\n    return lr * m\n"


ONE = "def f(x, y=2):\n    return x * y"
BROKEN = {
    "never called": rule(ONE, "m = g"),
    "two rules": "def a(w, g):\n    return g\n\ndef b(w, g, m=zeros):\n    return g",
    "below the rule": "def rule(w, g):\n    return f(g)\n\ndef f(x):\n    return x",
    "calls itself": rule("def f(x):\n    return f(x)"),
    "calls itself in place of a primitive": rule("def norm(x):\n    return norm(x)", "m = norm(g)"),
    "calls one below": rule("def f(x):\n    return h(x)\n\ndef h(x):\n    return x", "m = h(f(g))"),
    "a primitive before it is defined": rule(
        "def f(x):\n    return norm(x)\n\ndef norm(x):\n    return x", "m = norm(f(g))"
    ),
    "the rule is called": rule("def f(x):\n    return rule(x)"),
    "an input that is not given": rule("def f(x):\n    return x / t"),
    "a slot that is not given": rule("def f(x):\n    return x * m"),
    "an unknown name": rule("def f(x):\n    return xx"),
    "slots": rule("def f(x, m=zeros):\n    return x"),
    "a default that is no number": rule("def f(x, y=True):\n    return x"),
    "too few arguments": rule("def f(x, y, z):\n    return x"),
    "too many arguments": rule(ONE, "m = f(g, m, 3)"),
    "too many by position": rule("def f(x, *, y=1):\n    return x", "m = f(g, 2)"),
    "an unknown keyword": rule(ONE, "m = f(g, yy=3)"),
    "given twice": rule(ONE, "m = f(g, x=3)"),
    "starred": rule(ONE, "m = f(*g)"),
    "doubly starred": rule(ONE, "m = f(**g)"),
    "not called": rule(ONE, "m = f + f(g)"),
    "a wrong kind inside": rule("def f(x):\n    return interp(x, x, x)"),
    "a wrong kind inside of two": rule(
        "def h(x):\n    return interp(x, x, x)\n\ndef f(x, b=1):\n    return h(b * x)"
    ),
    "no return": rule("def f(x):\n    y = x"),
    "an early return": rule("def f(x):\n    return x\n    return x"),
    "two values where one is wanted": rule("def f(x):\n    return x, x"),
    "one value where two are wanted": rule(ONE, "m, g = f(g)"),
    "two values for three names": rule("def f(x):\n    return x, x", "m, g, w = f(g)"),
    "several values of a primitive": rule(ONE, "m, g = sign(f(g))"),
    "several values of a rule": "def rule(w, g):\n    return g, w, g",
    "defined twice": rule(f"{ONE}\n\n{ONE}"),
    "named as the rule": "def rule(x):\n    return x\n\ndef rule(w, g):\n    return rule(g)",
    "named as an input": rule("def t(x):\n    return x", "m = t(g)"),
    "a parameter twice": rule("def f(x, x):\n    return x", "m = f(g, g)"),
    "a parameter that is called": rule("def f(sign):\n    return sign(sign)"),
    "hidden by a slot": "def m(x):\n    return x\n\ndef rule(w, g, m=zeros):\n    return m(g)",
    "a decorator": rule("@helper\ndef f(x):\n    return x"),
    "an annotation": rule("def f(x: float):\n    return x"),
    "any number of arguments": rule("def f(*x):\n    return x"),
    "a function inside": rule("def f(x):\n    def h(): return x\n    return x"),
    "misspelled": rule("def orthogonal(x):\n    return x", "m = ortogonal(orthogonal(g))"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_error_says_where_what_and_what_to_try(name, snapshot):
    with pytest.raises(DslError) as caught:
        parse(BROKEN[name])
    error = caught.value
    assert error.line and error.column and error.excerpt
    assert str(error) == snapshot


def chain(first: str, length: int, each: str) -> str:
    """Helpers of which each calls the one before."""
    texts = [f"def h0(x):\n{first}\n"]
    texts += [f"def h{i}(x):\n    return {each.format(f'h{i - 1}')}\n" for i in range(1, length)]
    return "\n".join([*texts, f"def rule(w, g):\n    return h{length - 1}(g)\n"])


def test_helpers_that_double_are_refused_at_the_limit():
    fits = parse(chain("    return sin(x)", 14, "{0}({0}(x))"))
    assert len(fits.statements) == 2**13 < MAX_STATEMENTS
    with pytest.raises(DslError, match=f"more than {MAX_STATEMENTS} statements"):
        parse(chain("    return sin(x)", 24, "{0}(x) + {0}(x)"))


@pytest.mark.parametrize("first", ["    return x", "    y = x\n" * 4000 + "    return y"])
def test_helpers_that_make_no_statement_are_refused_at_a_limit(first):
    with pytest.raises(DslError, match="written out to more than"):
        parse(chain(first, 23, "{0}({0}(x))"))


def test_helpers_inside_one_another_are_refused_at_a_limit():
    assert parse(chain("    return sin(x)", 24, "{0}(x)")).statements
    with pytest.raises(DslError, match="inside one another"):
        parse(chain("    return sin(x)", 200, "{0}(x)"))


def test_the_innermost_calls_are_told_and_not_all():
    text = chain("    return interp(x, x, x)", 20, "{0}(x)")
    with pytest.raises(DslError, match="for 'k', met a Tensor") as caught:
        parse(text)
    lines = str(caught.value).split("\n")
    assert lines[0].startswith("KindError in h0, line 2, ")
    called = [line for line in lines if line.startswith("called in")]
    assert called[0] == "called in line 5 of h1, with x: Tensor" and len(called) == 4


def test_a_helper_may_have_the_name_of_a_primitive_that_is_not_called():
    text = "def norm(x):\n    return abs(x)\n\ndef rule(w, g):\n    return norm(g)"
    assert parse(text) == parse("def rule(w, g):\n    return abs(g)")
    both = text.replace("abs(x)", "x / ops.norm(x)")
    assert parse(both) == parse("def rule(w, g):\n    return g / norm(g)")


def test_the_language_says_of_every_input_that_a_helper_does_not_get_it():
    for name in INPUTS:
        text = f"def f(x):\n    return x * {name}\n\ndef rule(w, g, t, T, loss):\n    return f(g)"
        with pytest.raises(DslError, match=f"helper 'f' reads '{name}', an input"):
            parse(text)


def doubled(x):
    """A helper of a traced rule."""
    return x + x, 2 * x


def test_helpers_of_a_traced_rule_are_functions_of_its_module():
    @trace
    def traced(w, g, m=dsl.ops.zeros):
        m, u = doubled(g)
        return m + u

    text = f"{inspect.getsource(doubled)}\n\n" + (
        "def traced(w, g, m=zeros):\n    m, u = doubled(g)\n    return m + u"
    )
    assert traced == parse(text)
    assert str(traced) == str(parse(text))
