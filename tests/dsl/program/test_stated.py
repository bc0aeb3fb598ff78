"""Meanings and ranges that docstrings state of hyperparameters, and who uses them."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dsl import DslError, canonical, canonical_hash, parse, to_optax
from dsl.combine.graph import fix, follow, rename, substitute
from dsl.export import to_latex, to_optax_source, to_torch_source
from dsl.language.hyperparameters import Hyper
from dsl.language.kinds import KINDS
from dsl.program import Program
from dsl.program.trace import program as trace
from dsl.zoo import ZOO
from search.mutation.changes import constant
from search.mutation.editor import Editor
from search.mutation.settings import settings as other_settings
from tests.support.strategies import programs

BODY = """
    m = when(every(t, k, 0), g, interp(g, m, b1))
    return lr * c * m"""
TEXT = (
    '''def rule(w, g, t, m=zeros, *, lr=1e-3, b1=0.9, k=5, c=1):
    """A rule.

    Hyperparameters:
        lr: learning rate: a step
        b1 (0 to 1): decay of the average
        k (1 or more, whole): steps from one reset to the next
        c (-2e0 to 2): a factor
    """'''
    + BODY
)
RULE = parse(TEXT)
BARE = parse(TEXT[: TEXT.index('"""')] + TEXT[TEXT.rindex('"""') + 3 :].lstrip())


def test_the_docstring_states_meanings_and_ranges():
    assert dict(RULE.meanings) == {
        "lr": Hyper("learning rate: a step", -math.inf),
        "b1": Hyper("decay of the average", 0, 1),
        "k": Hyper("steps from one reset to the next", 1, math.inf, whole=True),
        "c": Hyper("a factor", -2, 2),
    }
    assert RULE.doc == "A rule."


def test_meanings_are_printed_and_change_nothing_else():
    assert str(RULE) == TEXT.replace("-2e0 to 2", "-2 to 2")
    assert parse(str(RULE)) == RULE == BARE
    assert parse(str(RULE)).meanings == RULE.meanings
    assert canonical_hash(RULE) == canonical_hash(BARE) and RULE.digest == BARE.digest
    assert str(canonical(RULE)) == str(canonical(BARE))
    assert to_latex(RULE) == to_latex(BARE)


def test_a_docstring_may_have_nothing_but_the_section():
    alone = replace(RULE, doc="", meanings={"c": RULE.meanings["c"]})
    shown = '    """Hyperparameters:\n        c (-2 to 2): a factor\n    """\n'
    assert shown in str(alone)
    assert parse(str(alone)).meanings == alone.meanings and parse(str(alone)).doc == ""


WORDS = st.text(st.characters(blacklist_categories=["C", "Z"]), min_size=1, max_size=12)
MEANINGS = st.lists(WORDS, min_size=1, max_size=30).map(" ".join)
BOUNDS = st.floats(-1e6, 1e6) | st.just(math.inf)


@st.composite
def stating(draw) -> Program:
    """Any program with something stated of some hyperparameters, and any docstring."""
    program = draw(programs(kinds=KINDS.values()))
    meanings = {}
    for name, value in program.hyperparameters.items():
        low, high = value - abs(draw(BOUNDS)), value + abs(draw(BOUNDS))
        hyper = Hyper(draw(MEANINGS), low, high, whole=value.is_integer() and draw(st.booleans()))
        assume(" ".join(hyper.meaning.split()) == hyper.meaning)
        if draw(st.booleans()):
            meanings[name] = hyper
    return replace(program, meanings=meanings, doc=draw(st.sampled_from(("", "A rule.\n\nLong."))))


@given(stating())
@settings(max_examples=50)
def test_print_then_parse_keeps_what_is_stated(program):
    again = parse(str(program))
    assert again == program and again.doc == program.doc
    assert dict(again.meanings) == dict(program.meanings)
    assert str(parse(str(again))) == str(again)


def test_a_traced_function_states_them_as_well():
    namespace: dict = {}
    from dsl import ops

    exec(TEXT, {name: getattr(ops, name) for name in ops.__all__}, namespace)
    traced = trace(namespace["rule"])
    assert traced == RULE and traced.meanings == RULE.meanings and traced.doc == RULE.doc
    namespace["rule"].__doc__ = TEXT.replace("b1 (0", "b2 (0").split('"""')[1]
    with pytest.raises(DslError, match="in rule: the docstring states 'b2'"):
        trace(namespace["rule"])


BROKEN = {
    "default out of range": ("b1=0.9", "b1=1.5"),
    "default that is not whole": ("k=5", "k=2.5"),
    "default below": ("k=5", "k=0"),
    "unknown name": ("b1 (0", "b2 (0"),
    "an input": ("b1 (0", "t (0"),
    "a slot": ("b1 (0", "m (0"),
    "twice": ("b1 (0 to 1)", "lr"),
    "no range": ("0 to 1", "0..1"),
    "no number": ("0 to 1", "zero to 1"),
    "infinite": ("0 to 1", "0 to inf"),
    "empty range": ("0 to 1", ""),
    "no number within": ("0 to 1", "1 to 0"),
    "no colon": ("b1 (0 to 1):", "b1 (0 to 1)"),
    "no meaning": (" decay of the average", ""),
    "not closed": ("0 to 1)", "0 to 1"),
    "indented less": ("        b1 (0", "      b1 0"),
    "nothing": (TEXT[TEXT.index("        lr:") : TEXT.index('    """\n')], ""),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_error_says_where_what_and_what_to_try(name, snapshot):
    old, new = BROKEN[name]
    assert old in TEXT
    with pytest.raises(DslError) as caught:
        parse(TEXT.replace(old, new, 1))
    assert caught.value.line and caught.value.excerpt
    assert str(caught.value) == snapshot


def test_a_docstring_that_only_speaks_of_hyperparameters_states_nothing():
    for doc in ("Hyperparameters: see the paper.", "On Hyperparameters:", "hyperparameters:\nx"):
        assert parse(f'def rule(w, g):\n    """{doc}"""\n    return g').doc == doc


def test_text_behind_the_section_stays_in_the_docstring():
    text = TEXT.replace('factor\n    """', 'factor\n\n    And more.\n    """')
    assert parse(text).doc == "A rule.\n\nAnd more."
    assert parse(text).meanings == RULE.meanings


def test_a_default_that_leaves_its_range_takes_the_range_away():
    moved = RULE.with_hyperparameters(b1=1.5)
    assert moved.meanings["b1"] == Hyper("decay of the average", -math.inf)
    assert parse(str(moved)) == moved and parse(str(moved)).meanings == moved.meanings
    assert RULE.with_hyperparameters(b1=0.5).meanings == RULE.meanings


def test_values_out_of_range_are_refused_in_a_sentence():
    for given_value in ({"b1": 1.5}, {"k": 2.5}, {"c": -3}):
        with pytest.raises(DslError, match="is out of range: the rule states"):
            to_optax(RULE, **given_value)
    to_optax(RULE, b1=1, k=7, learning_rate=100)
    with pytest.raises(DslError, match=r"b1 \(decay of the average\)"):
        to_optax(RULE, b2=1)


def test_exports_tell_and_check_what_is_stated():
    torch_source, optax_source = to_torch_source(RULE), to_optax_source(RULE)
    for source in (torch_source, optax_source):
        assert "steps from one reset to the next (1 or more, whole)." in " ".join(source.split())
        assert "a factor (-2 to 2)." in source and "k: int = 5" in source
    torch = pytest.importorskip("torch")
    exec(torch_source, namespace := {"__name__": "rule"})
    make, params = namespace["Rule"], [torch.nn.Parameter(torch.ones(2))]
    make(params, lr=-0.0, c=-2.0, k=1)
    for bad in ({"c": 2.5}, {"c": math.nan}, {"k": 0}, {"momentum": -0.5}):
        (name,) = bad
        with pytest.raises(ValueError, match=f"Invalid {name}: .*, it is "):
            make(params, **bad)


def test_two_decays_are_checked_by_their_own_ranges():
    torch = pytest.importorskip("torch")
    source = to_torch_source(
        parse(
            "def rule(w, g, m=zeros, v=zeros, *, lr=0.1, b1=0.5, b2=0.9):\n"
            '    """A rule.\n\n    Hyperparameters:\n        b1 (0 to 0.75): first\n    """\n'
            "    m = interp(g, m, b1)\n    v = interp(g * g, v, b2)\n    return lr * m / sqrt(v)"
        )
    )
    exec(source, namespace := {"__name__": "rule"})
    params = [torch.nn.Parameter(torch.ones(2))]
    namespace["Rule"](params, betas=(0.75, 0.99))
    with pytest.raises(ValueError, match=r"Invalid betas\[0\]: 0.8, it is 0 to 0.75"):
        namespace["Rule"](params, betas=(0.8, 0.9))


def test_combined_programs_keep_what_is_stated():
    assert rename(RULE, b1="b9").meanings["b9"] == RULE.meanings["b1"]
    assert "b1" not in fix(RULE, b1=0.5).meanings
    for joined in (follow(ZOO["sgd"], RULE, "g"), substitute(RULE, "g", ZOO["adam"])):
        assert RULE.meanings["k"] in joined.meanings.values()


def test_a_search_keeps_defaults_within_what_is_stated():
    rng = np.random.default_rng(0)
    narrow = replace(RULE, meanings={**RULE.meanings, "c": Hyper("a factor", 0.9, 1.1)})
    children = []
    for _ in range(150):
        editor = Editor(narrow)
        constant.make(editor, rng, None)
        children.append(editor.program("child"))
    children += other_settings(narrow, rng, 30)
    for child in children:
        assert child.meanings == narrow.meanings
        assert parse(str(child)).meanings == narrow.meanings
    assert len({child.hyperparameters["k"] for child in children}) > 3
    assert len({child.hyperparameters["c"] for child in children}) > 3
