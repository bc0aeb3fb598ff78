"""Combinators: what they make is an ordinary program, and does what its parts do in turn."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dsl import PRIMITIVES, DslError, Program, canonical, fingerprint, parse, simplify
from dsl.combine import (
    COMBINATORS,
    Combinator,
    before,
    clipped_by_global_norm,
    cosine,
    decoupled_decay,
    fix,
    follow,
    gradient_noise,
    in_eight_bits,
    local_steps,
    lookahead,
    refined,
    rename,
    store,
    substitute,
    tabulated,
    warmup,
)
from dsl.errors import FormError, KindError, UnknownName
from dsl.language.kinds import Kind
from dsl.language.registry import Domain
from dsl.program import check_ranges
from dsl.rewrite.lower import spelled_out
from dsl.run.fingerprint import respond
from dsl.run.interpret import run_step
from dsl.run.values import initial
from dsl.zoo import ZOO
from tests.support.running import HORIZON, PolynomialStep, flat, trajectory, with_rate
from tests.support.strategies import gradient_streams, programs

ALL = [pytest.param(combinator, id=name) for name, combinator in COMBINATORS.items()]
BASES = ("sgd", "heavy_ball", "adamw", "lion", "adan", "sophia_h")
QUIET = [p.name for p in PRIMITIVES.values() if "stream" not in p.params]
"""Primitives that mean the same whatever numbers the streams of noise have."""


# What comes out is a program.


@pytest.mark.parametrize("combinator", ALL)
@pytest.mark.parametrize("name", BASES)
def test_a_combined_rule_is_a_rule_with_the_names_of_the_base(combinator: Combinator, name: str):
    base = ZOO[name]
    made = combinator(base)
    assert parse(str(made)) == made
    assert (made.name, made.doc) == (base.name, base.doc)
    assert list(made.hyperparameters)[: len(base.hyperparameters)] == list(base.hyperparameters)
    assert list(made.slots)[: len(base.slots)] == list(base.slots)
    assert canonical(canonical(made)) == canonical(made)
    assert fingerprint(simplify(made)) == fingerprint(made)


@pytest.mark.parametrize("combinator", ALL)
@given(program=programs())
@settings(max_examples=25)
def test_any_program_can_be_combined(combinator: Combinator, program: Program):
    program = with_rate(program)
    made = combinator(program)
    assert parse(str(made)) == made
    assert list(made.slots)[: len(program.slots)] == list(program.slots)
    assert parse(str(simplify(made))) == simplify(made)


@given(programs(), programs(), st.sampled_from(["w", "g"]))
@settings(max_examples=100)
def test_names_do_not_clash_whatever_the_programs_are(program, other, name):
    for made in (substitute(program, name, other), follow(program, other, name)):
        assert parse(str(made)) == made
        assert len(made.slots) == len(program.slots) + len(other.slots)
        both = len(program.hyperparameters) + len(other.hyperparameters)
        assert len(made.hyperparameters) == both
        assert set(program.name_kinds) <= set(made.name_kinds)


def test_a_name_that_both_have_stays_with_the_program_and_is_new_in_what_is_put_in():
    piece = parse(
        "def piece(w, g, m=zeros, *, b1=0.5, eps=0.1, m_1=2):\n"
        "    m = interp(g, m, b1)\n    return m_1 * m / (norm(m) + eps)"
    )
    text = str(substitute(ZOO["adam"], "g", piece))
    assert "    m=zeros, v=zeros, m_2=zeros,\n" in text
    assert "b1=0.9, b2=0.999, eps=1e-8, wd=0, b1_1=0.5, eps_1=0.1, m_1=2,\n" in text
    assert "    m_2 = interp(g, m_2, b1_1)\n    g = m_1 * m_2 / (norm(m_2) + eps_1)\n" in text


def test_a_schedule_reads_as_it_is_written():
    made = warmup(fix(ZOO["sgd"], wd=0), warmup=10).renamed("warmed")
    assert str(replace(simplify(made, Domain.FINITE), doc="")) == (
        "def warmed(w, g, t, *, lr=1e-3, warmup=10):\n"
        '    """Hyperparameters:\n'
        "        warmup (1 or more, whole): steps until the rate is whole\n"
        '    """\n'
        "    lr = lr * minimum(t / warmup, 1)\n"
        "    return lr * g"
    )


def test_shared_hyperparameters_are_those_of_the_program():
    made = decoupled_decay(ZOO["sgd"].with_hyperparameters(lr=0.3), wd=0.1)
    assert made.hyperparameters == {"lr": 0.3, "wd": 0, "wd_1": 0.1}
    assert decoupled_decay(parse("def rule(w, g):\n    return g")).hyperparameters["lr"] == 1e-3


def test_two_programs_draw_their_noise_apart():
    noisy = parse("def rule(w, g):\n    return g + normal(0) + rademacher(2) + normal(2)")
    assert str(substitute(noisy, "g", noisy)).splitlines()[1:] == [
        "    g = g + normal(1) + rademacher(3) + normal(3)",
        "    return g + normal(0) + rademacher(2) + normal(2)",
    ]
    assert "normal(0)" in str(gradient_noise(ZOO["sgd"]))
    assert "normal(1)" in str(gradient_noise(ZOO["sophia_h"]))
    computed = parse("def rule(w, g, t):\n    return g + normal(t)")
    substitute(ZOO["sgd"], "g", computed)
    with pytest.raises(DslError, match="computes the number of a stream"):
        substitute(noisy, "g", computed)


# What it does is what its parts do in turn.


@given(
    programs(primitives=QUIET, max_statements=6),
    programs(primitives=QUIET, max_statements=6),
    gradient_streams(max_steps=4),
    st.booleans(),
)
@settings(max_examples=200)
def test_a_combined_program_does_what_its_parts_do_in_turn(program, other, stream, follows):
    first, second = (program, other) if follows else (other, program)
    assume(first.kind_of(first.result) is Kind.TENSOR)
    made = follow(program, other, "g") if follows else substitute(program, "g", other)
    moves, _ = trajectory(spelled_out(made), stream, np)
    parts = [spelled_out(first), spelled_out(second)]
    w = [leaf.copy() for leaf in stream.start]
    states = [{name: initial(init, w, np) for name, init in part.slots.items()} for part in parts]
    with np.errstate(all="ignore"):
        for t, gradients in enumerate(stream.gradients):
            handed = list(gradients)
            common = {"t": np.float64(t + 1), "T": HORIZON, "loss": np.float64(stream.losses[t])}
            for at, part in enumerate(parts):
                given_ = {"w": w, "g": handed, **common, **part.hyperparameters}
                handed, states[at] = run_step(part, given_, states[at], PolynomialStep(t, w), np)
            w = [leaf - step for leaf, step in zip(w, handed, strict=True)]
            np.testing.assert_array_equal(flat(moves[t]), flat(handed))


def test_a_slot_that_starts_at_the_gradient_starts_at_what_now_stands_for_it():
    differences = parse(
        "def rule(w, g, last=first_g):\n    d = g - last\n    last = g\n    return d"
    )
    scaled = parse("def twice(w, g):\n    return 2 * g + w")
    assert not np.any(respond(substitute(differences, "g", scaled))[0])


def test_a_slot_holds_what_it_is_stored_as_and_the_step_sees_it_in_full():
    halved = parse("def halved(s=zeros, *, k=0.5):\n    return k * s")
    made = store(ZOO["heavy_ball"], "m", halved, "s")
    assert parse(str(made)) == made
    assert made.hyperparameters == {**ZOO["heavy_ball"].hyperparameters, "k": 0.5}
    half = parse("def rule(w, g, m=zeros, *, lr=1e-3):\n    m = 0.9 * m / 2 + g\n    return lr * m")
    np.testing.assert_allclose(respond(made), respond(half), rtol=1e-12)
    with pytest.raises(UnknownName, match="'heavy_ball' has no slot 'v'"):
        store(ZOO["heavy_ball"], "v", halved, "s")
    with pytest.raises(UnknownName, match="'halved' has no 'x'"):
        store(ZOO["heavy_ball"], "m", halved, "x")


@given(programs())
@settings(max_examples=60)
def test_any_slots_can_be_held_in_eight_bits(program: Program):
    made = in_eight_bits(program)
    assert parse(str(made)) == made
    assert made.result == program.result
    assert list(made.slots.items()) == list(program.slots.items())


@pytest.mark.parametrize(("name", "slots"), [("sgd", 0), ("adan", 4), ("d_adapt_sgd", 2)])
def test_eight_bits_go_into_every_tensor_slot_and_no_other(name: str, slots: int):
    assert str(in_eight_bits(ZOO[name])).count("quantized(") == slots


def test_slots_that_are_never_negative_have_a_map_without_signs():
    made = in_eight_bits(ZOO["adan"], unsigned={"n"}, block=64)
    assert made.hyperparameters["block"] == 64
    assert str(made).count(", 0, block)") == 1
    with pytest.raises(UnknownName, match="'sgd' has no slot 'v'"):
        in_eight_bits(ZOO["sgd"], unsigned={"v"})


@pytest.mark.parametrize("name", ["heavy_ball", "adamw", "lion"])
def test_no_bits_are_lost_of_tensors_that_are_too_small(name: str):
    made = in_eight_bits(ZOO[name], least=10_000)
    np.testing.assert_array_equal(respond(made), respond(ZOO[name]))


# Hyperparameters fixed, names changed, and what is refused.


@given(programs())
@settings(max_examples=60)
def test_a_program_with_its_numbers_fixed_does_the_same(program: Program):
    fixed = fix(program, **program.hyperparameters)
    assert not fixed.hyperparameters and parse(str(fixed)) == fixed
    np.testing.assert_array_equal(respond(fixed), respond(program))
    assert fix(program) == program


@given(programs())
@settings(max_examples=60)
def test_new_names_change_nothing_and_old_ones_bring_the_program_back(program: Program):
    own = [*program.slots, *program.hyperparameters]
    there = {name: f"{name}_new" for name in own}
    renamed = rename(program, **there)
    assert parse(str(renamed)) == renamed
    assert fingerprint(renamed) == fingerprint(program)
    assert rename(renamed, **{new: old for old, new in there.items()}) == program
    if len(own) > 1:
        swapped = rename(program, **{own[0]: own[1], own[1]: own[0]})
        assert fingerprint(swapped) == fingerprint(program)


def test_what_cannot_be_combined_is_refused():
    rateless = parse("def rule(w, g):\n    return sign(g)")
    with pytest.raises(UnknownName, match="'rule' has no 'lr' to be replaced"):
        cosine(rateless)
    with pytest.raises(UnknownName, match="'sgd' has no hyperparameter 'b1'"):
        fix(ZOO["sgd"], b1=0)
    with pytest.raises(UnknownName, match="'sgd' has no slot or hyperparameter 'm'"):
        rename(ZOO["sgd"], m="v")
    with pytest.raises(FormError, match="'lr' is declared twice"):
        rename(ZOO["sgd"], wd="lr")
    with pytest.raises(UnknownName, match="has no hyperparameter 'd'"):
        clipped_by_global_norm(ZOO["sgd"], d=1)
    with pytest.raises(FormError, match="'lr' is the program's own"):
        cosine(ZOO["sgd"], lr=1)
    with pytest.raises(KindError, match="'interp' wants a Global for 'k', met a Tensor"):
        substitute(ZOO["adam"], "b1", rateless)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda sgd: lookahead(sgd, period=0), "period=0 is out of range: lookahead takes 1 or"),
        (
            lambda sgd: lookahead(sgd, period=2.5),
            "period=2.5 .*, whole\nhelp: period: st",
        ),
        (lambda sgd: lookahead(sgd, alpha=1.5), "alpha=1.5 is out of range: lookahead takes 0 to"),
        (lambda sgd: local_steps(sgd, workers=0), "workers=0 is out of range: local_steps takes"),
        (lambda sgd: local_steps(sgd, period=0.5), "period=0.5 is out of range"),
        (lambda sgd: in_eight_bits(sgd, block=0), "block=0 is out of range: in_eight_bits takes"),
        (lambda sgd: tabulated(sgd, [1, 0], most=0), "most=0 is out of range: tabulated takes 1"),
        (lambda sgd: tabulated(sgd, refined([1, 2], smoothing=2)), "smoothing=2 is out of range"),
    ],
)
def test_numbers_out_of_range_are_refused_with_what_they_mean(make, said: str):
    with pytest.raises(FormError, match=said):
        make(ZOO["sgd"])


@pytest.mark.parametrize("combinator", ALL)
def test_every_number_of_a_combinator_has_a_meaning_and_a_default_within_its_range(
    combinator: Combinator,
):
    added = combinator.piece.hyperparameters.keys() - {combinator.name, *combinator.shared}
    assert combinator.numbers.keys() == added
    for name, hyper in combinator.numbers.items():
        assert hyper.meaning and hyper.holds(combinator.piece.hyperparameters[name])


def test_a_combined_rule_refuses_what_its_parts_do():
    made = parse(str(lookahead(ZOO["sgd"])))
    assert made.meanings == {**lookahead.numbers} and not ZOO["lookahead_sgd"].meanings
    with pytest.raises(FormError, match="period=0 is out of range: the rule states 1 or more"):
        check_ranges(made, {"period": 0})


def test_a_combinator_is_declared_once():
    def warmup(g):
        return g

    with pytest.raises(ValueError, match="combinator 'warmup' is declared twice"):
        before("g")(warmup)
