"""Names of primitives as those of slots, hyperparameters, values and rules."""

import inspect
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dsl.ops
from dsl import DslError, canonical, canonical_hash, family, fingerprint, parse
from dsl.language.kinds import KINDS
from dsl.language.registry import PRIMITIVES, primitive
from dsl.program import INPUTS, Arg, Name, Program
from dsl.program.trace import program as trace
from dsl.program.walk import remap
from tests.support.strategies import programs

WORDS = [name for name in PRIMITIVES if name not in INPUTS]


def hiding(program: Program, names: list[str]) -> Program:
    """The program with these names for itself, its slots, hyperparameters and values."""
    name, *free = names
    new = dict(zip((*program.slots, *program.hyperparameters), free, strict=False))

    def renamed(arg: Arg) -> Arg:
        return Name(new[arg.id]) if isinstance(arg, Name) and arg.id in new else arg

    moved = remap(
        program,
        renamed,
        slots={new[slot]: init for slot, init in program.slots.items()},
        hyperparameters={new[name]: value for name, value in program.hyperparameters.items()},
        next_values={new[slot]: renamed(arg) for slot, arg in program.next_values.items()},
    )
    statements = tuple(
        replace(statement, name=statement.name and names[-1 - at % len(names)])
        for at, statement in enumerate(moved.statements)
    )
    return replace(moved, name=name, statements=statements)


@st.composite
def hidden(draw) -> Program:
    """Any program all of whose names are those of primitives, some that it calls among them."""
    program = draw(programs(kinds=KINDS.values()))
    called = sorted({statement.op for statement in program.statements})
    first = draw(st.permutations(called))[:4]
    others = draw(st.lists(st.sampled_from(WORDS), unique=True, min_size=10, max_size=10))
    return hiding(program, list(dict.fromkeys([*draw(st.permutations([*first, *others]))])))


@given(hidden())
@settings(max_examples=50)
def test_print_then_parse_is_identity_where_names_hide_primitives(program):
    again = parse(str(program))
    assert again == program
    assert again.digest == program.digest
    assert str(parse(str(again))) == str(again)


@given(hidden())
@settings(max_examples=50)
def test_the_traced_text_is_the_same_program(program):
    words = {word: getattr(dsl.ops, word) for word in dsl.ops.__all__}
    exec(str(program), {**words, "ops": dsl.ops}, found := {})
    (function,) = [f for f in found.values() if inspect.isfunction(f)]
    assert trace(function) == program


@given(programs(kinds=KINDS.values()), st.permutations(WORDS))
@settings(max_examples=50)
def test_hashes_do_not_depend_on_names_that_hide_primitives(program, names):
    new = dict(zip(program.slots, names, strict=False))

    def renamed(arg: Arg) -> Arg:
        return Name(new[arg.id]) if isinstance(arg, Name) and arg.id in new else arg

    moved = remap(
        program,
        renamed,
        slots={new[slot]: init for slot, init in program.slots.items()},
        next_values={new[slot]: renamed(arg) for slot, arg in program.next_values.items()},
    )
    moved = replace(
        moved, name=names[-1], statements=tuple(replace(s, name=None) for s in moved.statements)
    )
    assert canonical_hash(moved) == canonical_hash(program)
    assert canonical(moved) == canonical(program)
    assert str(canonical(moved)) == str(canonical(program))
    assert family(moved) == family(program)


def test_a_rule_of_hidden_primitives_steps_as_under_other_names():
    text = """
def {0}(w, g, {1}=zeros, {2}=scalar(1), *, lr=0.1, {3}=0.9):
    {4} = g / (ops.norm(g) + 1)
    {1} = ops.interp({4}, {1}, {3})
    {2} = ops.maximum({2}, ops.norm({1}))
    return lr * ops.sign({1}) * {2}
"""
    one = parse(text.format("sign", "norm", "maximum", "interp", "clip"))
    other = parse(text.format("rule", "m", "v", "b1", "u"))
    assert fingerprint(one) == fingerprint(other)
    assert "norm = ops.interp(clip, norm, interp)" in str(one)
    assert "m = interp(u, m, b1)" in str(other) and "ops" not in str(other)


def test_a_new_primitive_breaks_no_text_that_has_its_name():
    helper = "def shiny(x, y):\n    return x * y + x\n\n"
    texts = (
        "def shiny(w, g):\n    return 2 * g",
        "def rule(w, g, shiny=zeros):\n    shiny = shiny + g\n    return shiny",
        "def rule(w, g, *, shiny=0.1):\n    return shiny * g",
        "def rule(w, g):\n    shiny = sign(g)\n    return shiny * shiny",
        f"{helper}def rule(w, g):\n    return shiny(g, w)",
    )
    before = [parse(text) for text in texts]
    hashes = [canonical_hash(program) for program in before]

    @primitive("K -> K", torch="{x}", latex="{x}", weight=0.0)
    def shiny(xp, x):
        """Nothing but another name."""
        return x

    try:
        assert [parse(text) for text in texts] == before
        assert [canonical_hash(parse(text)) for text in texts] == hashes
        assert [parse(str(program)) for program in before] == before
        with pytest.raises(DslError, match="call the primitive as ops.shiny"):
            parse("def rule(w, g, shiny=zeros):\n    return shiny(g)")
    finally:
        del PRIMITIVES["shiny"]


def test_a_value_has_another_name_where_a_helper_calls_the_primitive_of_its_name():
    program = parse(
        "def size(x):\n    return norm(x)\n\ndef rule(w, g):\n    norm = size(g)\n"
        "    return g / norm * norm"
    )
    assert parse(str(program)) == program
    assert "= norm(g)" in str(program) and "norm =" not in str(program)
