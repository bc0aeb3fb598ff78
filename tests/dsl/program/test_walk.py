"""The walker: who reads a value, what a value needs, and programs written anew."""

from hypothesis import given
from hypothesis import strategies as st

from dsl import canonical_hash, parse
from dsl.language.kinds import KINDS
from dsl.language.registry import PRIMITIVES
from dsl.program import Const, Local, Name, Program
from dsl.program.walk import (
    Read,
    Rewriter,
    across_steps,
    arguments,
    in_any_case,
    indices,
    needed,
    post_order,
    readers,
    remap,
    within_step,
)
from tests.support.strategies import programs

WALKS = st.sampled_from((within_step, across_steps, in_any_case))
LION = parse("""
def lion(w, g, m=zeros, *, lr=1e-4, b1=0.9, b2=0.99, wd=0.0):
    u = sign(interp(g, m, b1))
    m = interp(g, m, b2)
    return lr * (u + wd * w)
""")


def roots(program: Program, data: st.DataObject) -> list:
    every = [*arguments(program, range(len(program.statements)))]
    return data.draw(st.lists(st.sampled_from(every), max_size=3))


def test_readers_are_arguments_of_statements_and_outputs():
    read = readers(LION)
    assert read[Name("m")] == [Read(0, 1), Read(2, 1)]
    assert read[Local(2)] == [Read(len(LION.statements), 0)]
    assert Local(5) in read and Name("t") not in read


@given(programs(kinds=KINDS.values()))
def test_every_argument_has_its_place_among_the_readers(program):
    found = [place for places in readers(program).values() for place in places]
    assert len(set(found)) == len(found)
    assert len(found) == len([*arguments(program, range(len(program.statements)))])
    for arg, places in readers(program).items():
        assert places == sorted(places)
        for by, at in places:
            last = by == len(program.statements)
            assert arg == (program.outputs if last else program.statements[by].args)[at]


@given(programs(kinds=KINDS.values()), WALKS, st.data())
def test_what_is_needed_is_the_least_that_holds_the_roots_and_goes_on(program, walk, data):
    start, follow = roots(program, data), walk(program)
    found = needed(program, start, follow)
    grown = set(start)
    while more := {after for arg in grown for after in follow(arg)} - grown:
        grown |= more
    assert found == grown
    assert indices(found) == sorted(arg.index for arg in found if isinstance(arg, Local))


@given(programs(kinds=KINDS.values()), st.data())
def test_walks_go_no_further_than_they_say(program, data):
    start = roots(program, data)
    inside = needed(program, start)
    assert needed(program, start, in_any_case(program)) <= inside
    assert inside <= needed(program, start, across_steps(program))
    choices = [s for s in program.statements if PRIMITIVES[s.op].lazy]
    if not choices:
        assert needed(program, start, in_any_case(program)) == inside


@given(programs(kinds=KINDS.values()), WALKS, st.data())
def test_in_post_order_a_value_comes_once_and_after_what_it_is_computed_from(program, walk, data):
    start = roots(program, data)
    order = [*post_order(start, walk(program))]
    assert len(set(order)) == len(order)
    assert set(order) == needed(program, start, walk(program))
    place = {arg: index for index, arg in enumerate(order)}
    for arg in order:
        inner = within_step(program)(arg) if walk is not across_steps else ()
        assert all(place[each] < place[arg] for each in inner if each in walk(program)(arg))


def test_roots_of_a_post_order_may_depend_on_what_was_met():
    met = []

    def ahead():
        yield LION.result
        yield from (LION.next_values[arg.id] for arg in met if arg == Name("m"))

    for arg in post_order(ahead(), within_step(LION)):
        met.append(arg)
    assert met[-1] == Local(2)


@given(programs(kinds=KINDS.values()))
def test_arguments_replaced_by_themselves_leave_a_program_as_it_is(program):
    assert remap(program, lambda arg: arg) == program
    whole = Rewriter(program)
    whole.copy()
    assert whole.finish() == program
    assert [s.name for s in whole.finish().statements] == [s.name for s in program.statements]


def test_arguments_are_replaced_everywhere():
    plain = remap(LION, lambda arg: Name("w") if arg == Name("g") else arg)
    assert Name("g") not in readers(plain)
    assert len(readers(plain)[Name("w")]) == 1 + len(readers(LION)[Name("g")])


@given(programs())
def test_a_copy_of_what_is_needed_is_the_same_rule(program):
    kept = Rewriter(program)
    kept.copy(indices(needed(program, program.outputs)))
    assert canonical_hash(kept.finish()) == canonical_hash(program)


@given(programs())
def test_statements_put_first_move_all_the_others(program):
    later = Rewriter(program)
    half = later.put("mul", Const(0.5), Name("g"))
    later.copy()
    made = later.finish()
    assert half == Local(0)
    assert len(made.statements) == len(program.statements) + 1
    assert canonical_hash(made) == canonical_hash(program)


def test_slots_that_are_left_out_take_their_next_values_along():
    kept = Rewriter(LION)
    kept.copy()
    made = kept.finish(slots={}, result=Name("g"), statements=())
    assert not made.slots and not made.next_values
