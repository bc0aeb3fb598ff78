"""Slots that start from hyperparameters: numbers and lengths."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl import DslError, canonical, canonical_hash, fingerprint, parse, simplify, to_optax
from dsl.combine.graph import fix, rename
from dsl.export import to_optax_source, to_torch_source
from dsl.ops import const, history, interp, push
from dsl.program import Program
from dsl.program.trace import program as trace
from dsl.rewrite.prune import prune
from search.mutation.changes import constant
from search.mutation.editor import Editor
from search.mutation.settings import settings as other_settings

TEXT = """def rule(w, g, v=const(v0), n=number(n0), h=history(k), *, lr=0.5, v0=0.25, n0=2, k=3):
    v = interp(g * g, v, 0.75)
    n = n * 0.5 + 1
    h = push(h, g)
    return lr * n * weighted_mean(h, place(h) + 1) / sqrt(v)"""
RULE = parse(TEXT)
START, LENGTH, UNKNOWN = const("v0"), history("k"), const("v1")


def by_hand(v0: float, n0: float, k: int) -> Program:
    head = f"def rule(w, g, v=const({v0}), n=number({n0}), h=history({k}), *, lr=0.5):"
    return parse("\n".join([head, *TEXT.split("\n")[1:]]))


PLAIN = by_hand(0.25, 2, 3)


def test_the_text_is_printed_with_the_names_and_read_back():
    assert str(RULE) == TEXT
    assert parse(str(RULE)) == RULE
    assert canonical_hash(parse(str(canonical(RULE)))) == canonical_hash(RULE)
    assert parse(TEXT.replace("v0)", '"v0")')) == RULE


def test_a_slot_starts_at_the_default_and_changes_with_it():
    assert fingerprint(RULE) == fingerprint(PLAIN)
    other = RULE.with_hyperparameters(v0=4, n0=-1, k=5)
    assert fingerprint(other) == fingerprint(by_hand(4, -1, 5))
    assert other.kind_of(other.next_values["h"]).length == 5
    assert other.with_hyperparameters(v0=0.25, n0=2, k=3) == RULE
    assert RULE.with_numbers({}, {"k": 4}) == RULE.with_hyperparameters(k=4)


@given(st.floats(-10, 10), st.integers(1, 6))
@settings(max_examples=20)
def test_any_default_is_the_start(v0, k):
    other = RULE.with_hyperparameters(v0=v0, k=k)
    assert parse(str(other)) == other
    assert other.slots["v"].args == (v0,) and other.slots["h"].kind.length == k


def test_what_starts_a_slot_is_read_by_the_rule():
    assert prune(RULE) == RULE
    assert {"v0", "n0", "k"} <= {*canonical(RULE).hyperparameters}
    assert {*simplify(RULE).hyperparameters} >= {"v0", "n0", "k"}
    dead = parse("def rule(w, g, v=const(v0), *, lr=0.1, v0=1):\n    return lr * g")
    assert "v0" not in prune(dead).hyperparameters


def test_operations_on_programs_keep_starts():
    assert "v=const(first)" in str(rename(RULE, v0="first"))
    assert fix(RULE, v0=0.25, n0=2, k=3) == PLAIN
    assert str(RULE.slots["v"]) != str(PLAIN.slots["v"])


def test_a_traced_function_names_them_as_texts():
    @trace
    def traced(w, g, v=START, h=LENGTH, *, v0=0.5, k=3):
        h = push(h, g)
        v = interp(v, g, 0.5)
        return v

    assert traced == parse(str(traced))
    assert "v=const(v0), h=history(k)" in str(traced)
    with pytest.raises(DslError, match="'v1' is neither a number nor a hyperparameter"):

        @trace
        def lost(w, g, v=UNKNOWN, *, v0=0.5):
            return v


BROKEN = {
    "no hyperparameter": ("const(v0)", "const(v1)"),
    "an input": ("const(v0)", "const(t)"),
    "the rate": ("const(v0)", "const(lr)"),
    "worked out": ("const(v0)", "const(2 * v0)"),
    "a call": ("const(v0)", "const(sqrt(v0))"),
    "too many": ("const(v0)", "zeros(v0)"),
    "a length that is not whole": ("k=3", "k=2.5"),
    "a length below one": ("k=3", "k=0"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_error_says_where_what_and_what_to_try(name, snapshot):
    with pytest.raises(DslError) as caught:
        parse(TEXT.replace(*BROKEN[name]))
    assert caught.value.line and str(caught.value) == snapshot


def test_an_optimizer_starts_from_what_it_is_given():
    w = {"w": jnp.asarray([1.0, -2.0])}
    g = {"w": jnp.asarray([0.5, 0.25])}
    given_values = to_optax(RULE, v0=4.0, n0=-1.0, k=5)
    expected = to_optax(by_hand(4, -1, 5))
    states = [each.init(w) for each in (given_values, expected)]
    for _ in range(3):
        moves = []
        for at, each in enumerate((given_values, expected)):
            move, states[at] = each.update(g, states[at], w)
            moves.append(move["w"])
        np.testing.assert_array_equal(*moves)


def test_a_schedule_sets_no_start_and_no_length():
    for name in ("v0", "k"):
        with pytest.raises(DslError, match=f"'{name}' is the .* it is one number, no schedule"):
            to_optax(RULE, **{name: lambda count: 3.0})
    with pytest.raises(DslError, match="met 'k', which is 2.5"):
        to_optax(RULE, k=2.5)


def test_exported_files_start_from_their_arguments():
    torch = pytest.importorskip("torch")
    optax_file: dict = {"__name__": "rule"}
    exec(to_optax_source(RULE), optax_file)
    torch_file: dict = {"__name__": "rule"}
    exec(to_torch_source(RULE), torch_file)
    start, grads = np.array([1.0, -2.0]), [np.array([0.5, 0.25]), np.array([-1.0, 3.0])]
    expected = to_optax(RULE, v0=4.0, n0=-1.0)
    made = optax_file["rule"](v0=4.0, n0=-1.0)
    p = torch.nn.Parameter(torch.tensor(start, dtype=torch.float32))
    optimizer = torch_file["Rule"]([p], v0=4.0, n0=-1.0)
    w, other = {"w": jnp.asarray(start)}, {"w": jnp.asarray(start)}
    states = expected.init(w), made.init(w)
    for grad in grads:
        g = {"w": jnp.asarray(grad)}
        move, first = expected.update(g, states[0], w)
        w = {"w": w["w"] + move["w"]}
        move, second = made.update(g, states[1], other)
        other = {"w": other["w"] + move["w"]}
        states = first, second
        p.grad = torch.tensor(grad, dtype=torch.float32)
        optimizer.step()
        np.testing.assert_allclose(other["w"], w["w"], rtol=1e-6)
        np.testing.assert_allclose(p.detach().numpy(), w["w"], rtol=1e-6)


def test_a_search_changes_starts_and_no_lengths():
    rng = np.random.default_rng(0)
    children = []
    for _ in range(100):
        editor = Editor(RULE)
        constant.make(editor, rng, None)
        children.append(editor.program("child"))
    children += other_settings(RULE, rng, 20)
    assert {child.hyperparameters["k"] for child in children} == {3.0}
    assert len({child.slots["v"].args for child in children}) > 3
    for child in children:
        assert parse(str(child)) == child
        assert child.slots["v"].args == (child.hyperparameters["v0"],)


def test_a_start_above_zero_is_above_zero_in_half_precision():
    torch = pytest.importorskip("torch")
    rule = parse(
        "def rule(w, g, v=const(v0), *, v0=1e-8):\n    v = v + g * g\n    return g / sqrt(v)"
    )
    exec(to_optax_source(rule), made := {"__name__": "rule"})
    w = jnp.zeros(2, jnp.float16)
    for v0, least in ((1e-8, 5.9e-8), (0.0, 0.0), (-1.0, -1.0), (0.5, 0.5)):
        np.testing.assert_allclose(made["rule"](v0=v0).init(w).v, least, rtol=0.02)
        exec(to_torch_source(rule), file := {"__name__": "rule"})
        p = torch.nn.Parameter(torch.zeros(2, dtype=torch.float16))
        p.grad = torch.zeros_like(p)
        optimizer = file["Rule"]([p], v0=v0)
        optimizer.step()
        np.testing.assert_allclose(optimizer.state[p]["v"].numpy(), least, rtol=0.02)
