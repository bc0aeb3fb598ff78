"""Grafts are programs of the language that hold a part of both; the prior counts habits."""

import numpy as np
import pytest

from dsl.program import Local, Name
from dsl.program.parse import parse
from dsl.rewrite.canonical import canonical_hash
from dsl.run.parity import Parity
from dsl.zoo import ZOO
from search.mutation import Breeder, SearchSpace
from search.mutation.graft import DonorPart, cut, drawn_part, graft, parts_of, put, tensors
from search.mutation.prior import Prior
from tests.search.mutation.test_mutate import SAMPLER

SMALL = [
    rule for rule in ZOO.values() if len(rule.statements) <= 20 and "lr" in rule.hyperparameters
]
PLAIN = [rule for rule in SMALL if all(each.op in SAMPLER for each in rule.statements)]


def rule(text):
    return parse(text)


def test_a_part_reads_what_it_replaces():
    receiver = rule(
        "def momentum(w, g, m=zeros, *, lr=1e-2, b=0.9):\n    m = b * m + g\n    return lr * m"
    )
    donor = rule("def signed(w, g, *, lr=1e-3):\n    u = sign(g)\n    return lr * u")
    part = cut(donor, Local(0))
    composed = put(receiver, part, Local(1), Local(1), "child")
    want = rule(
        "def child(w, g, m=zeros, *, lr=1e-2, b=0.9):\n"
        "    x = b * m + g\n    m = sign(x)\n    return lr * m"
    )
    assert canonical_hash(composed) == canonical_hash(want)
    before = put(receiver, part, Name("g"), Name("g"), "child")
    want = rule(
        "def child(w, g, m=zeros, *, lr=1e-2, b=0.9):\n    m = b * m + sign(g)\n    return lr * m"
    )
    assert canonical_hash(before) == canonical_hash(want)
    instead = put(receiver, part, Local(1), Name("g"), "child")
    assert canonical_hash(instead) == canonical_hash(
        rule("def child(w, g, *, lr=1e-2):\n    return lr * sign(g)")
    )


def test_slots_come_along_under_names_of_their_own_and_constants_are_written_out():
    receiver = rule(
        "def a(w, g, m=zeros, *, lr=1e-2, b=0.9):\n    m = interp(g, m, b)\n    return lr * m"
    )
    donor = rule(
        "def d(w, g, m=ones, *, lr=1e-3, b=0.5):\n    m = interp(square(g), m, b)\n"
        "    u = g / m\n    return lr * u"
    )
    child = put(receiver, cut(donor, Local(2)), Name("g"), Name("g"), "child")
    want = rule(
        "def child(w, g, m=zeros, v=ones, *, lr=1e-2, b=0.9):\n"
        "    v = interp(square(g), v, 0.5)\n    m = interp(g / v, m, b)\n    return lr * m"
    )
    assert canonical_hash(child) == canonical_hash(want)


def test_parts_are_directions_and_magnitudes_and_no_steps():
    adamw = ZOO["adamw"]
    odd, even = (
        {adamw.statements[arg.index].op for arg in tensors(adamw, parity)}
        for parity in (Parity.ODD, Parity.EVEN)
    )
    assert odd == {"interp", "div", "add"} and even == {"square", "interp", "div", "sqrt", "add"}
    scaled = rule("def s(w, g, *, lr=1e-3):\n    u = lr * g\n    return u")
    assert tensors(scaled, Parity.ODD) == (Local(0),)


def test_a_magnitude_takes_the_place_of_a_magnitude():
    root = rule(
        "def r(w, g, v=zeros, *, lr=1e-3):\n    v = interp(square(g), v, 0.9)\n"
        "    s = sqrt(v)\n    return lr * g / s"
    )
    part = DonorPart("d", rule("def d(w, g):\n    return abs(g)"), Parity.EVEN)
    children = {
        canonical_hash(graft(root, part, np.random.default_rng(seed), "c", 30, 4)[0])
        for seed in range(30)
    }
    wanted = (
        "def c(w, g, v=zeros, *, lr=1e-3):\n    v = interp(abs(g), v, 0.9)\n"
        "    return lr * g / sqrt(v)",
        "def c(w, g, *, lr=1e-3):\n    return lr * g / sqrt(abs(g))",
        "def c(w, g, *, lr=1e-3):\n    return lr * g / abs(g)",
    )
    assert children == {canonical_hash(rule(text)) for text in wanted}


def test_a_family_of_parts_is_there_once_and_without_what_its_constants_undo():
    parts = parts_of((ZOO["adam"], ZOO["adamw"], ZOO["adam_eps_hat"]))
    texts = [str(part.program) for part in parts]
    assert len(parts) == len({canonical_hash(part.program) for part in parts})
    assert not any("0 * w" in text for text in texts)
    assert sum("square" in text and "interp" not in text for text in texts) == 1


def test_every_graft_of_the_zoo_is_a_program_within_the_limits():
    rng, made = np.random.default_rng(0), 0
    for number in range(300):
        receiver, donor = (SMALL[int(rng.integers(len(SMALL)))] for _ in range(2))
        part = drawn_part(donor, rng)
        found = part and graft(receiver, part, rng, f"c{number}", 30, 4)
        if not found:
            continue
        child, detail = found
        made += 1
        assert parse(str(child)).digest == child.digest
        assert len(child.statements) <= 30 and len(child.slots) <= 4
        assert set(child.hyperparameters) <= {*receiver.hyperparameters, "lr"}
        assert detail.startswith(donor.name)
    assert made > 150


@pytest.fixture(scope="module")
def prior():
    return Prior(PLAIN, SAMPLER.weights)


def test_the_prior_knows_what_follows_what(prior):
    after = prior.after("sqrt")
    assert after is not None and {"add", "div"} <= {op.name for op in after.items}
    assert prior.after("no_such_maker") is None
    assert Prior([], SAMPLER.weights).macros.items == []


def test_macros_are_habits_of_several_families(prior):
    texts = {str(macro) for macro in prior.macros.items}
    assert "interp(square(Tensor0), slot0=zeros->1, #)" in texts
    assert all(2 <= len(macro.statements) <= 4 for macro in prior.macros.items)


def test_a_family_counts_once():
    adam = ZOO["adam"]
    same = [adam.with_hyperparameters(b1=0.1 * k) for k in range(1, 9)]
    assert not Prior(same, SAMPLER.weights).macros.items


def test_changes_by_the_prior_are_programs_too():
    breeder = Breeder(SearchSpace(SAMPLER, 40, 4), {"insert": 1.0, "macro": 1.0}, PLAIN)
    rng, program = np.random.default_rng(0), ZOO["lion"]
    kinds = set()
    for number in range(200):
        child, mutation = breeder.vary(program, rng, f"c{number}")
        kinds.add(mutation.kind)
        assert parse(str(child)).digest == child.digest
        program = child if len(child.statements) < 30 else ZOO["lion"]
    assert kinds == {"insert", "macro"}


POINTED = rule(
    "def rule(w, g, m=zeros, x=copy_w, *, lr=0.1, b1=0.9):\n"
    "    m = interp(g, m, b1)\n    step = lr * m\n    x = interp(w - step, x, 0.99)\n"
    "    return step, x"
)


def test_a_graft_keeps_the_point_of_the_receiver_and_brings_none_along():
    part = DonorPart("lion", cut(ZOO["lion"], tensors(ZOO["lion"], Parity.ODD)[-1]), Parity.ODD)
    child = put(POINTED, part.program, Local(0), Name("g"), "c")
    assert child.point == child.next_values["x"]
    assert child.statements[child.point.index].op == "interp"
    assert all(each.program.point is None for each in parts_of((POINTED, ZOO["splus"])))
    assert put(ZOO["sgd"], cut(POINTED, Local(0)), Name("g"), Name("g"), "c").point is None
