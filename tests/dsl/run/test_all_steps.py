"""Many steps at once: the order of the stages, and the primitives that allow it."""

import pytest
from hypothesis import given, settings

from dsl import canonical, parse
from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Scope
from dsl.run.fingerprint import SHAPES
from dsl.run.plan import plan
from dsl.run.stages import PARAMETERS, stages
from dsl.run.together import works_on_all_steps
from dsl.zoo import ZOO
from tests.support.strategies import programs

WHOLE = ((18,),)


def round_states(text):
    return [set(stage.states) for stage in stages(canonical(parse(text))) if stage.round]


def test_what_does_not_go_round_is_no_part_of_a_round():
    text = "def rule(w, g, m=zeros, v=zeros, *, lr=0.1):\n    m = interp(g, m, 0.9)\n"
    text += "    v = interp(square(m), v, 0.9)\n    return lr * m / sqrt(v)"
    first, second = [stage for stage in stages(canonical(parse(text))) if stage.round]
    assert len(first.statements) == len(second.statements) == 1
    assert PARAMETERS not in (*first.states, *second.states)


def test_a_last_value_goes_round_with_nothing():
    assert not round_states("def rule(w, g, m=zeros):\n    x = g - m\n    m = g\n    return x")


def test_slots_that_read_each_other_go_round_together():
    text = "def rule(w, g, a=zeros, b=zeros):\n    x = a + g\n    a = b\n    b = x\n    return x"
    assert [len(states) for states in round_states(text)] == [2]


@pytest.mark.parametrize("result", ["g + 0.1 * w", "grad_at(w)", "hvp(g)"])
def test_the_parameters_go_round_where_a_step_goes_by_them(result):
    assert round_states(f"def rule(w, g):\n    return {result}") == [{PARAMETERS}]


@given(programs())
@settings(max_examples=60)
def test_every_stage_reads_what_was_computed_before(program):
    program = canonical(program)
    planned, known = plan(program), {"w", "t", "T", "g", "loss", *program.hyperparameters}
    known = {planned.names[name] for name in known if name in planned.names}
    known |= {place for place, value in enumerate(planned.values) if value is not None}
    known.discard(planned.names[PARAMETERS])
    for stage in stages(program):
        states = {planned.names[state] for state in stage.states}
        inside = known | (states if stage.round else set())
        for at in stage.statements:
            call = planned.calls[at]
            lazy = call.primitive.lazy
            eager = {place for position, place in enumerate(call.args) if position not in lazy}
            assert eager <= inside
            inside.add(at)
        known = inside | states
    assert planned.result.place in known | {planned.names[PARAMETERS]}


REDUCTIONS = ("norm", "l1_norm", "max_abs", "rms", "mean", "sum", "dot")


@pytest.mark.parametrize("op", REDUCTIONS)
def test_reductions_are_made_for_all_steps_at_once(op):
    kinds = tuple(PRIMITIVES[op].signature.params)
    assert all(works_on_all_steps(PRIMITIVES[op], kinds, (shape,)) for shape in (*SHAPES, *WHOLE))


@pytest.mark.parametrize("op", ["global_norm", "global_dot", "cosine_sim"])
def test_numbers_of_the_model_are_made_for_all_steps_at_once(op):
    kinds = tuple(PRIMITIVES[op].signature.params)
    assert works_on_all_steps(PRIMITIVES[op], kinds, SHAPES)


def test_a_primitive_that_asks_for_a_shape_is_found_out():
    kinds = (Kind.TENSOR,)
    assert not works_on_all_steps(PRIMITIVES["ndim"], kinds, ((2, 3),))
    assert not works_on_all_steps(PRIMITIVES["row_count"], kinds, ((3,),))
    assert not works_on_all_steps(PRIMITIVES["col_mean"], kinds, ((3,),))
    assert not works_on_all_steps(PRIMITIVES["global_mean"], kinds, SHAPES)
    assert PRIMITIVES["global_mean"].scope is Scope.MODEL


def test_a_primitive_that_takes_a_number_of_the_model_is_not_tried():
    quantile = PRIMITIVES["quantile"]  # a number that it refuses gives NaN for one and all
    assert not works_on_all_steps(quantile, (Kind.TENSOR, Kind.GLOBAL), ((3,),))


def test_the_stages_of_the_zoo_end_in_the_result():
    for rule in ZOO.values():
        rule = canonical(rule)
        given = {at for stage in stages(rule) for at in stage.statements}
        place = plan(rule).result.place
        assert place in given or place >= len(plan(rule).calls), rule.name
