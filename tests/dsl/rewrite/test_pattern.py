"""The matcher: an expression with free names is found where a program contains it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl import PRIMITIVES, parse
from dsl.language.kinds import Kind, lifts
from dsl.program import Local, Name, Program, Statement
from dsl.program.walk import Rewriter
from dsl.rewrite.canonical import shared
from dsl.rewrite.pattern import Pattern, parse_law
from dsl.run.machine.idioms import IDIOMS
from tests.support.strategies import programs

LAWS = [law.text for primitive in PRIMITIVES.values() for law in primitive.laws]
PATTERNS = {
    **{idiom.text: idiom.pattern for idiom in IDIOMS},
    **{text: Pattern(parse_law(text)[0]) for text in LAWS},
}


def pattern(text: str) -> Pattern:
    return Pattern(parse(f"def pattern(w, g, x=zeros, y=zeros, *, k=1):\n    return {text}"))


def last(text: str) -> tuple[Statement, tuple[Statement, ...]]:
    """The statement that makes the result of an expression, and all statements."""
    program = parse(f"def rule(w, g, m=zeros, *, lr=0.1, b1=0.9):\n    return {text}")
    return program.statements[-1], program.statements


@st.composite
def contained(draw, of: Pattern) -> tuple[dict, Statement, list[Statement]]:
    """A program with the pattern written behind it: what stands for each free name, the outermost
    statement, all statements. Arguments that may swap are swapped here and there."""
    program: Program = draw(programs())
    names = [Name(name) for name in program.name_kinds]
    values = [*names, *map(Local, range(len(program.statements)))]
    wanted = of.program.name_kinds
    bound = {}
    for name in sorted(of.names):
        fits = [value for value in values if lifts(program.kind_of(value), wanted[name])]
        if wanted[name] is not Kind.GLOBAL:
            bound[name] = draw(st.sampled_from(fits))
        else:
            bound[name] = draw(st.sampled_from(fits)) if fits else Name("t")
    written = Rewriter(of.program, {Name(name): arg for name, arg in bound.items()})
    written.statements.extend(program.statements)
    for index, statement in enumerate(of.program.statements):
        args = tuple(map(written.moved, statement.args))
        if PRIMITIVES[statement.op].commutative and draw(st.booleans()):
            args = (args[1], args[0], *args[2:])
        written.place[Local(index)] = written.put(statement.op, *args)
    return bound, written.statements[-1], written.statements


@pytest.mark.parametrize("text", PATTERNS)
@given(data=st.data())
@settings(max_examples=12)
def test_a_pattern_matches_where_it_was_written(text, data):
    of = PATTERNS[text]
    bound, root, statements = data.draw(contained(of))
    match = of.match(root, statements)
    assert match is not None
    first = len(statements) - len(of.program.statements)
    assert set(match.bound) == set(of.names)
    assert all(index < len(statements) - 1 for index in match.inner)
    if len(set(bound.values())) == len(bound) and not any(
        isinstance(arg, Local) for arg in bound.values()
    ):
        assert match.inner == frozenset(range(first, len(statements) - 1))
    written = Rewriter(of.program, {Name(name): arg for name, arg in match.bound.items()})
    written.statements.extend(statements)
    written.copy()
    again = of.match(written.statements[-1], written.statements)
    assert again is not None and again.bound == match.bound


def test_a_name_that_occurs_twice_matches_one_value():
    twice = pattern("x - x")
    assert twice.match(*last("m - m")) is not None
    assert twice.match(*last("m - g")) is None


def test_a_number_matches_itself_alone():
    assert pattern("x * 2").match(*last("2 * g")) is not None
    assert pattern("x * 2").match(*last("g * 3")) is None


def test_arguments_that_may_swap_are_tried_in_both_orders_at_every_depth():
    nested = pattern("x * (y + sqrt(x))")
    match = nested.match(*last("(sqrt(g) + m) * g"))
    assert match is not None and match.bound == {"x": Name("g"), "y": Name("m")}
    assert pattern("x - sqrt(y)").match(*last("sqrt(g) - m")) is None


def test_a_pattern_covers_what_stands_inside():
    statement, statements = last("sqrt(g * m) + lr")
    match = pattern("sqrt(x * y) + k").match(statement, statements)
    assert match is not None and match.inner == {0, 1}


def test_a_caller_says_what_names_stand_for_and_which_values_are_looked_into():
    numbers = {Name("lr"), Name("b1")}
    scaled = pattern("k * x")

    def accepts(name, arg):
        return (arg in numbers) == (name == "k")

    match = scaled.match(*last("m * lr"), accepts=accepts)
    assert match is not None and match.bound == {"k": Name("lr"), "x": Name("m")}
    assert scaled.match(*last("m * g"), accepts=accepts) is None
    inside = pattern("sqrt(x) * y")
    assert inside.match(*last("sqrt(g) * m")) is not None
    assert inside.match(*last("sqrt(g) * m"), enters=lambda arg: False) is None


@given(programs(oracles=False))
def test_statements_of_another_primitive_do_not_match(program):
    program = shared(program)
    sums = pattern("x + y")
    for statement in program.statements:
        assert (sums.match(statement, program.statements) is not None) == (statement.op == "add")
