from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dsl import canonical, parse
from dsl.language.kinds import KINDS, Kind, lifts
from dsl.language.registry import PRIMITIVES
from dsl.program import Const, Name, Program
from dsl.zoo import ZOO
from evaluators.seeds import candidate_rng
from search.config import Config, MutationConfig
from search.errors import CampaignFailed
from search.mutation import CHANGES, Mutation, Mutator, PrimitiveSampler, SearchSpace, change
from search.mutation.prior import Prior
from search.mutation.sampling import changed_constant, changed_default, fresh_constant
from tests.support.strategies import programs

SAMPLER = PrimitiveSampler({name: p.weight for name, p in PRIMITIVES.items()})
KNOWN = [ZOO[name] for name in ("adam", "adamw", "lion", "sgd", "nadam", "adan", "yogi")]
SPACE = SearchSpace(SAMPLER, 20, 4, Prior(KNOWN, SAMPLER.weights))


def mutator(**kinds: float) -> Mutator:
    return Mutator(SPACE, kinds or MutationConfig.of_declared()().kinds())


HELD = [kind for kind in KINDS.values() if lifts(kind, Kind.TENSOR)]


@given(programs(oracles=False, kinds=HELD), st.integers(0, 1000))
def test_a_mutant_is_a_bounded_program_other_than_its_parent(parent, index):
    rng = candidate_rng(0, index)
    for step in range(4):
        child, mutation = mutator().mutate(parent, rng, f"c{step}")
        assert child.digest != parent.digest
        assert parse(str(child)) == child
        assert len(child.statements) <= max(SPACE.statements, len(parent.statements))
        assert len(child.slots) <= max(SPACE.slots, len(parent.slots))
        assert mutation.kind in CHANGES
        assert mutation.detail
        parent = child


@pytest.mark.parametrize("name", ["consensus_based_optimization", "m_fac", "mars_lion"])
def test_rules_with_families_of_kinds_have_children(name):
    """A change may take the length from what reads a population or a history; another is drawn."""
    rng = candidate_rng(3, 0)
    for index in range(150):
        child, _ = mutator().mutate(ZOO[name], rng, f"c{index}")
        assert parse(str(child)) == child


def test_children_of_a_rule_with_a_point_have_one():
    for name in ("schedule_free_sgd", "lookahead_sgd", "splus"):
        for index in range(60):
            child, _ = mutator().mutate(ZOO[name], candidate_rng(5, index), f"c{index}")
            assert parse(str(child)) == child
            assert child.point is not None


@cache
def bred(count: int, changes: int) -> list[Program]:
    """Mutants of AdamW by several changes each, without what is dead in them."""
    found = []
    for index in range(count):
        rng, child = candidate_rng(7, index), ZOO["adamw"]
        for _ in range(changes):
            child, _ = mutator().mutate(child, rng, "c")
        found.append(canonical(child))
    return found


def test_rows_columns_and_numbers_per_tensor_become_part_of_the_step():
    kinds = Counter(str(kind) for child in bred(400, 6) for kind in set(child.kinds))
    assert kinds["Row"] > 2 and kinds["Col"] > 2 and kinds["Scalar"] > 10


def test_loss_and_horizon_are_read_by_a_few_mutants():
    read = Counter(name for child in bred(400, 6) for name in child.inputs)
    assert 0 < read["loss"] < 40 and 0 < read["T"] < 40


def test_an_average_of_numbers_per_row_is_kept_per_row():
    parent = parse("def rule(w, g):\n    r = row_mean(square(g))\n    return g / sqrt(r)")
    changes = [mutator(add_slot=1.0).mutate(parent, candidate_rng(0, i), "c") for i in range(40)]
    starts = {str(init) for child, _ in changes for init in child.slots.values()}
    assert starts == {"zeros", "rows(0)"}


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
    sampler = PrimitiveSampler({"sign": 3.0, "tanh": 1.0, "abs": 0.0})
    drawing = Mutator(SearchSpace(sampler, statements=20, slots=4), {"insert": 1.0})
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
    full = Mutator(SearchSpace(SAMPLER, statements=1, slots=0), {"insert": 1.0})
    with pytest.raises(CampaignFailed, match="no change of insert fits"):
        full.mutate(ZOO["adamw"], candidate_rng(0, 0), "c")


@pytest.fixture
def declared_here():
    @change(weight=0.75)
    def halve(editor, rng, space):
        editor.insert(0, "mul", (Const(0.5), Name("g")), over=Name("g"))
        return "half of the gradient"

    yield halve
    del CHANGES["halve"]


def config(**mutation: float) -> Config:
    values = yaml.safe_load(Path("configs/quickstart.yaml").read_text())
    return Config.model_validate({**values, "mutation": mutation})


def test_a_kind_of_change_that_is_declared_has_a_key_and_is_drawn(declared_here):
    assert config().mutation.kinds() == {each.name: each.weight for each in CHANGES.values()}
    alone = dict.fromkeys(CHANGES, 0.0) | {"halve": 2.0}
    child, mutation = config(**alone).breeder().mutator.mutate(ZOO["sgd"], candidate_rng(0, 0), "c")
    assert mutation == Mutation("halve", "half of the gradient")
    assert "0.5 * g" in str(child)
    often = config(**dict.fromkeys(CHANGES, 1.0)).breeder().mutator
    kinds = {often.mutate(ZOO["adamw"], candidate_rng(0, i), "c")[1].kind for i in range(200)}
    assert kinds == {each.name for each in CHANGES.values() if not each.informed}


def test_a_kind_of_change_that_is_not_declared_has_no_key():
    with pytest.raises(ValidationError, match="halve"):
        config(halve=1.0)
