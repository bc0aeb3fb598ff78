from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl import parse
from dsl.language.registry import PRIMITIVES
from dsl.zoo import ZOO
from evaluators.seeds import candidate_rng
from search.config import MutationConfig
from search.errors import CampaignFailed
from search.mutation.mutator import CHANGES, Limits, Mutator
from search.mutation.sampling import Palette, changed_constant, changed_default, fresh_constant
from tests.support.strategies import programs

PALETTE = Palette({name: p.weight for name, p in PRIMITIVES.items()})
LIMITS = Limits(statements=20, slots=4)


def mutator(**kinds: float) -> Mutator:
    return Mutator(PALETTE, LIMITS, kinds or MutationConfig().kinds())


@given(programs(oracles=False), st.integers(0, 1000))
def test_a_mutant_is_a_bounded_program_other_than_its_parent(parent, index):
    rng = candidate_rng(0, index)
    for step in range(4):
        child, mutation = mutator().mutate(parent, rng, f"c{step}")
        assert child.digest != parent.digest
        assert parse(str(child)) == child
        assert len(child.statements) <= max(LIMITS.statements, len(parent.statements))
        assert len(child.slots) <= max(LIMITS.slots, len(parent.slots))
        assert mutation.kind in CHANGES
        assert mutation.detail
        parent = child


def test_a_slot_that_becomes_the_step_count_makes_it_an_input():
    parent = parse("def rule(w, g, m=zeros, v=number(0), s0=zeros):\n    return 0")
    changes = [mutator(argument=1.0).mutate(parent, candidate_rng(0, i), "c") for i in range(20)]
    counting = [child for child, mutation in changes if mutation.detail == "v becomes t"]
    assert counting
    for child in counting:
        assert "t" in child.inputs and parse(str(child)) == child


@pytest.mark.parametrize("kind", CHANGES)
def test_every_kind_of_change_works_alone(kind):
    parent = ZOO["adamw"]
    for index in range(30):
        child, mutation = mutator(**{kind: 1.0}).mutate(parent, candidate_rng(3, index), "c")
        assert mutation.kind == kind
        assert parse(str(child)) == child


def test_a_mutant_is_a_function_of_seed_and_index():
    first = [mutator().mutate(ZOO["adamw"], candidate_rng(5, i), "c") for i in range(50)]
    again = [mutator().mutate(ZOO["adamw"], candidate_rng(5, i), "c") for i in reversed(range(50))]
    other = [mutator().mutate(ZOO["adamw"], candidate_rng(6, i), "c") for i in range(50)]
    assert [str(child) for child, _ in first] == [str(child) for child, _ in reversed(again)]
    assert first != other


def test_primitives_are_drawn_by_weight_and_forbidden_ones_never():
    palette = Palette({"sign": 3.0, "tanh": 1.0, "abs": 0.0})
    drawing = Mutator(palette, LIMITS, {"insert": 1.0})
    met = Counter()
    for index in range(400):
        child, _ = drawing.mutate(ZOO["sgd"], candidate_rng(0, index), "c")
        met.update(s.op for s in child.statements)
    met -= Counter(s.op for s in ZOO["sgd"].statements for _ in range(400))
    assert set(met) == {"sign", "tanh"}
    assert 2.2 < met["sign"] / met["tanh"] < 4.0


def test_the_value_of_an_inserted_statement_is_free_or_takes_a_place():
    details = [
        mutator(insert=1.0).mutate(ZOO["adamw"], candidate_rng(1, i), "c")[1].detail
        for i in range(200)
    ]
    taking = sum(" for " in detail for detail in details)
    assert 80 < taking < 190


@given(st.integers(0, 10_000), st.floats(-1e12, 1e12))
def test_constants_stay_finite_and_short(index, value):
    rng = candidate_rng(0, index)
    assert abs(changed_constant(rng, value)) <= 1e10
    assert abs(fresh_constant(rng)) < 10


@given(st.integers(0, 10_000), st.sampled_from([1e-3, 0.9, 0.999, 1e-8, 0.0, 0.5]))
def test_defaults_keep_their_sign_and_decays_stay_below_one(index, value):
    changed = changed_default(candidate_rng(0, index), value)
    assert changed >= 0
    if value >= 0.5:
        assert changed < 1


def test_a_program_that_nothing_may_be_done_to_is_said_to_be_one():
    full = Mutator(PALETTE, Limits(statements=1, slots=0), {"insert": 1.0})
    with pytest.raises(CampaignFailed, match="no change of insert fits"):
        full.mutate(ZOO["adamw"], candidate_rng(0, 0), "c")
