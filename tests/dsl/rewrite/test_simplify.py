"""Canonical form, pruning and simplifying: what a program does stays, the rest goes."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl import canonical, canonical_hash, fingerprint, parse, simplify
from dsl.language.registry import PRIMITIVES, Domain
from dsl.program import Arg, Const, Local, Name, Program, Statement
from dsl.program.walk import Rewriter, remap
from dsl.rewrite.prune import prune
from dsl.run.fingerprint import respond
from tests.support.running import flat, trajectory
from tests.support.strategies import gradient_streams, programs

PASSES = [canonical, simplify, prune]


@pytest.mark.parametrize("simpler", PASSES)
@given(program=programs())
@settings(max_examples=60)
def test_a_pass_is_idempotent_and_never_grows_a_program(simpler, program):
    once = simpler(program)
    assert simpler(once) == once
    assert len(once.statements) <= len(program.statements)
    assert len(once.slots) <= len(program.slots)
    assert parse(str(once)) == once


@given(program=programs())
@settings(max_examples=60)
def test_laws_of_real_arithmetic_come_to_an_end_too(program):
    once = simplify(program, Domain.FINITE)
    assert simplify(once, Domain.FINITE) == once
    assert len(once.statements) <= len(program.statements)
    assert parse(str(once)) == once


def test_laws_of_real_arithmetic_count_where_they_are_asked_for():
    program = parse("def rule(w, g, m=zeros):\n    m = interp(g, m, 0)\n    return m + 0 * w")
    assert len(simplify(program).statements) == 3
    assert str(simplify(program, Domain.FINITE)) == "def rule(w, g):\n    return g"


@pytest.mark.parametrize("simpler", PASSES)
@given(program=programs(), stream=gradient_streams(special=True))
@settings(max_examples=60)
def test_a_pass_keeps_every_step_bit_by_bit(simpler, program, stream):
    before, _ = trajectory(program, stream)
    after, _ = trajectory(simpler(program), stream)
    np.testing.assert_array_equal(flat(after), flat(before))


@pytest.mark.parametrize("simpler", [simplify, prune])
@given(program=programs(), stream=gradient_streams())
@settings(max_examples=60)
def test_the_slots_that_are_kept_evolve_as_before(simpler, program, stream):
    shorter = simpler(program)
    _, before = trajectory(program, stream)
    _, after = trajectory(shorter, stream)
    for old, new in zip(before, after, strict=True):
        for slot in shorter.slots:
            np.testing.assert_array_equal(flat(new[slot]), flat(old[slot]))


@given(programs(max_statements=16))
@settings(max_examples=60)
def test_the_fingerprint_is_that_of_every_simpler_form(program):
    every_simpler_form_has_its_fingerprint(program)


@pytest.mark.slow
@given(programs(max_statements=16))
@settings(max_examples=300)
def test_many_programs_have_the_fingerprint_of_every_simpler_form(program):
    every_simpler_form_has_its_fingerprint(program)


def every_simpler_form_has_its_fingerprint(program):
    print_ = fingerprint(program)
    assert fingerprint(canonical(program)) == print_
    assert fingerprint(simplify(program)) == print_
    assert fingerprint(prune(program)) == print_
    assert fingerprint(simplify(canonical(program))) == print_


@given(programs())
def test_the_canonical_form_of_the_text_is_the_same(program):
    assert canonical_hash(parse(str(program))) == canonical_hash(program)
    assert canonical(prune(program)) == canonical(program)
    assert canonical(simplify(canonical(program))) == canonical(simplify(program))


# Rewritings that the canonical form undoes.


def rebuilt(program: Program, change: Callable[[Arg], Arg], **parts) -> Program:
    """The program with every argument changed, and other parts."""
    return remap(program, change, **parts)


def commuted(program: Program, rng: np.random.Generator) -> Program:
    def swap(s: Statement) -> Statement:
        if PRIMITIVES[s.op].commutative and rng.random() < 0.5:
            return Statement(s.op, (s.args[1], s.args[0], *s.args[2:]), s.name)
        return s

    return replace(program, statements=tuple(map(swap, program.statements)))


def padded(program: Program, rng: np.random.Generator) -> Program:
    """A dead statement before each, and a dead slot that feeds on itself."""

    def move(arg: Arg) -> Arg:
        return Local(2 * arg.index + 1) if isinstance(arg, Local) else arg

    body = []
    for index, s in enumerate(program.statements):
        body.append(Statement("sin", (Local(2 * index - 1) if index else Name("g"),), "u"))
        body.append(Statement(s.op, tuple(map(move, s.args)), s.name))
    dead = next(iter(program.slots.values()), _ZEROS)
    return rebuilt(
        program,
        move,
        statements=tuple(body),
        slots={**program.slots, "dead": dead},
        next_values={
            **{slot: move(arg) for slot, arg in program.next_values.items()},
            "dead": Name("dead"),
        },
    )


_ZEROS = parse("def rule(w, g, m=zeros):\n    return g").slots["m"]


def renamed(program: Program, rng: np.random.Generator) -> Program:
    names = {name: f"slot{rng.integers(1000)}_{name}" for name in program.slots}
    order = [list(program.slots)[i] for i in rng.permutation(len(program.slots))]
    made = Rewriter(program, {Name(old): Name(new) for old, new in names.items()})
    made.copy()
    return made.finish(
        statements=tuple(Statement(s.op, s.args, "y") for s in made.statements),
        slots={names[slot]: program.slots[slot] for slot in order},
        next_values={names[slot]: made.moved(program.next_values[slot]) for slot in order},
    )


def twinned(program: Program, rng: np.random.Generator) -> Program:
    """Every slot twice; readers take either."""

    def either(arg: Arg) -> Arg:
        if isinstance(arg, Name) and arg.id in program.slots and rng.random() < 0.5:
            return Name(f"{arg.id}_twin")
        return arg

    twins = {f"{name}_twin": init for name, init in program.slots.items()}
    nexts = {
        slot: either(program.next_values[slot.removesuffix("_twin")])
        for slot in (*program.slots, *twins)
    }
    return rebuilt(program, either, slots={**program.slots, **twins}, next_values=nexts)


def reordered(program: Program, rng: np.random.Generator) -> Program:
    """Statements in another order that still makes each value before it is read."""
    left, order = set(range(len(program.statements))), []
    while left:
        ready = [
            i
            for i in sorted(left)
            if not any(isinstance(a, Local) and a.index in left for a in program.statements[i].args)
        ]
        order.append(int(rng.choice(ready)))
        left.remove(order[-1])
    made = Rewriter(program)
    made.copy(order)
    return made.finish()


@pytest.mark.parametrize("rewrite", [commuted, padded, renamed, twinned, reordered])
@given(program=programs(), seed=st.integers(0, 99))
@settings(max_examples=40)
def test_the_canonical_form_does_not_see(rewrite, program, seed):
    other = rewrite(program, np.random.default_rng(seed))
    assert canonical(other) == canonical(program)
    assert canonical_hash(other) == canonical_hash(program)
    assert fingerprint(other) == fingerprint(program)


@given(programs())
def test_the_canonical_form_is_a_program_though_nobody_checks_it(program):
    form = canonical(program)
    checked = replace(form)
    assert (checked, checked.kinds) == (form, form.kinds)


def test_the_canonical_form_tells_programs_apart_that_differ():
    texts = [
        "def rule(w, g, *, lr=0.1):\n    return lr * g",
        "def rule(w, g, *, lr=0.2):\n    return lr * g",
        "def rule(w, g, *, rate=0.1):\n    return rate * g",
        "def rule(w, g):\n    return 0.1 * g",
        "def rule(w, g):\n    return g - w",
        "def rule(w, g):\n    return w - g",
        "def rule(w, g, m=zeros):\n    m = g\n    return m",
        "def rule(w, g, m=zeros):\n    x = m\n    m = g\n    return x",
        "def rule(w, g, m=ones):\n    x = m\n    m = g\n    return x",
    ]
    assert len({canonical_hash(parse(text)) for text in texts}) == len(texts)


def test_a_hyperparameter_may_have_the_name_of_a_canonical_slot():
    program = parse("def rule(w, g, m=zeros, *, s0=0.9):\n    m = s0 * m + g\n    return m")
    form = canonical(program)
    assert form.hyperparameters == {"s0": 0.9} and list(form.slots) == ["s1"]
    assert canonical(form) == form


def test_long_programs_do_not_run_out_of_stack():
    text = "def rule(w, g, m=zeros):\n" + "    g = sin(g) + m\n" * 2000 + "    m = g\n    return g"
    program = parse(text)
    form = canonical(program)
    assert len(form.statements) == 4000
    assert canonical(form) == form
    assert len(simplify(program).statements) == 4000
    assert parse(str(form)) == form


SHORTER = {
    "dead statements": ("u = cosh(w)\n    u = u * g", "return g", "return g"),
    "times one": ("", "return 1 * g * 1", "return g"),
    "plus zero": ("", "return 0 + (g + 0) - 0", "return g"),
    "double negation": ("", "return -(-(-(-g)))", "return g"),
    "negation by hand": ("", "return (0 - g) * -1", "return g"),
    "powers": ("", "return g ** 1 / 1 + w ** 0", "return g + 1"),
    "nested absolute values": ("", "return abs(abs(-abs(-g)))", "return abs(g)"),
    "numbers": ("", "return (sqrt(4) + neg(1)) * g * add(2, 3)", "return g * 5"),
    "repeated expressions": (
        "",
        "return sin(g * w) / cos(w * g)",
        "u = g * w\n    return sin(u) / cos(u)",
    ),
    "choices that are known": ("", "return where(1, g, w) + when(0, w, g)", "return g + g"),
    "choices of the same": ("", "return where(g > 0, maximum(w, w), w)", "return w"),
    "signs": ("", "return sign(sign(-(-g)))", "return sign(g)"),
}


@pytest.mark.parametrize(("body", "end", "wanted"), SHORTER.values(), ids=SHORTER.keys())
def test_simplify_removes(body, end, wanted):
    def rule(*lines):
        return parse("def rule(w, g):\n    " + "\n    ".join(line for line in lines if line))

    assert canonical(simplify(rule(body, end))) == canonical(rule(wanted))


SLOTS = {
    "dead slots": (
        "def rule(w, g, m=zeros, v=zeros):\n    v = v + g\n    m = m + g\n    return m",
        1,
    ),
    "dead slots that feed each other": (
        "def rule(w, g, m=zeros, a=zeros, b=ones):\n"
        "    a = b + m\n    b = a * 2\n    m = m + g\n    return m",
        1,
    ),
    "slots that are always the same": (
        "def rule(w, g, m=zeros, v=zeros):\n"
        "    m = 0.9 * m + g\n    v = g + v * 0.9\n    return m + v",
        1,
    ),
    "slots that are the same crosswise": (
        "def rule(w, g, m=zeros, v=zeros):\n"
        "    old = m\n    m = 0.9 * v + g\n    v = 0.9 * old + g\n    return m - 2 * v",
        1,
    ),
    "but not slots that start differently": (
        "def rule(w, g, m=zeros, v=ones):\n"
        "    m = 0.9 * m + g\n    v = 0.9 * v + g\n    return m - 2 * v",
        2,
    ),
    "nor slots whose difference shows two steps later": (
        "def rule(w, g, m=zeros, v=zeros, a=zeros, b=zeros):\n"
        "    u = m - 2 * v\n    m = a\n    v = b\n    a = g\n    b = w\n    return u",
        4,
    ),
    "nor slots that change differently": (
        "def rule(w, g, m=zeros, v=zeros):\n"
        "    m = 0.9 * m + g\n    v = 0.8 * v + g\n    return m - 2 * v",
        2,
    ),
}


@pytest.mark.parametrize(("text", "left"), SLOTS.values(), ids=SLOTS.keys())
def test_simplify_keeps_the_slots_that_matter(text, left):
    assert len(simplify(parse(text)).slots) == left
    assert len(canonical(parse(text)).slots) == left


def test_simplify_keeps_names_order_and_hyperparameters_that_are_read():
    text = (
        "def rule(w, g, t, dead=zeros, m=zeros, *, lr=0.1, unread=1, b=0.9):\n"
        "    dead = dead + 1\n"
        "    m = interp(g, m, b)\n"
        "    step = lr * m\n"
        "    return step + 0"
    )
    assert str(simplify(parse(text))) == (
        "def rule(w, g, m=zeros, *, lr=0.1, b=0.9):\n"
        "    m = interp(g, m, b)\n"
        "    step = lr * m\n"
        "    return step"
    )


def test_a_law_does_not_apply_where_it_would_add_a_statement():
    text = "def rule(w, g):\n    n = -g\n    return cube(n) + n"
    assert len(simplify(parse(text)).statements) == 3


def test_the_sign_of_a_zero_does_not_reach_the_fingerprint():
    base = "def rule(w, g, t, *, lr=-1):\n    z = {} * 0\n    return arctan({})"
    for zero, end in itertools.product(("g", "t", "lr"), ("1 / (z + 0)", "(z + 0) ** -1")):
        program = parse(base.format(zero, end))
        assert len(simplify(program).statements) < len(program.statements)
        assert fingerprint(simplify(program)) == fingerprint(program)
        assert not np.any(np.isnan(respond(program)))


def test_every_pair_of_passes_agrees_in_the_end():
    text = (
        "def rule(w, g, m=zeros, v=zeros, *, lr=0.1):\n"
        "    a = m * 1\n    b = v + 0\n    m = a + g\n    v = g + b\n    return lr * (m + v)"
    )
    program = parse(text)
    forms = {canonical(b(a(program))) for a, b in itertools.permutations([simplify, prune], 2)}
    assert len(forms) == 1
    assert Const(1.0) not in [arg for s in forms.pop().statements for arg in s.args]
