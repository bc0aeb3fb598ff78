"""Grafts are programs of the language that hold a part of both; the prior counts habits."""

import numpy as np
import pytest

from dsl.program import Local, Name
from dsl.program.parse import parse
from dsl.rewrite.canonical import canonical_hash
from dsl.zoo import ZOO
from search.mutation import Breeder, SearchSpace
from search.mutation.graft import cut, graft, put, tensors
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


def test_parts_are_directions_and_no_steps():
    chosen = [str(ZOO["adamw"].statements[arg.index].op) for arg in tensors(ZOO["adamw"])]
    assert "interp" in chosen and "div" in chosen
    scaled = rule("def s(w, g, *, lr=1e-3):\n    u = lr * g\n    return u")
    assert tensors(scaled) == (Local(0),)


def test_every_graft_of_the_zoo_is_a_program_within_the_limits():
    rng, made = np.random.default_rng(0), 0
    for number in range(300):
        receiver, donor = (SMALL[int(rng.integers(len(SMALL)))] for _ in range(2))
        found = graft(receiver, donor, rng, f"c{number}", 30, 4)
        if found is None:
            continue
        child, detail = found
        made += 1
        assert parse(str(child)).digest == child.digest
        assert len(child.statements) <= 30 and len(child.slots) <= 4
        assert set(child.hyperparameters) <= {*receiver.hyperparameters, "lr"}
        assert detail.startswith(donor.name)
    assert made > 200


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
