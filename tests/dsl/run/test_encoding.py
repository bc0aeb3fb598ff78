"""Programs as the instructions of a machine: how many, on which steps, and what does not fit."""

import numpy as np
import pytest

import dsl
from dsl.rewrite.liveness import live
from dsl.run.machine import Capacity, DoesNotFit, Layout, Machine
from dsl.zoo import ZOO
from tests.support.machines import BEYOND_THE_LOSS, LEAVES, ROOM, instructions, run_by


@pytest.mark.parametrize("name", BEYOND_THE_LOSS)
def test_a_rule_that_asks_for_more_than_the_loss_does_not_fit(name):
    built = Machine(Layout.of(LEAVES))
    with pytest.raises(DoesNotFit, match="does not carry"):
        built.encode(ZOO[name])


def test_an_oracle_under_when_is_paid_on_its_steps_only():
    program = dsl.parse("""
def lazy(w, g, t, h=zeros):
    z = rademacher(0)
    h = when(every(t, 10, 1), z * hvp(z), h)
    return 0.1 * g / (1 + abs(h))
""")
    machine = Machine(Layout.of(LEAVES), dtype=np.float64)
    tape = machine.tape(machine.encode(program), np.zeros(20))
    for step in range(20):
        asked = {"hvp", "rademacher"} & set(run_by(machine, tape, step))
        assert asked == (set() if step % 10 else {"hvp", "rademacher"})


@pytest.mark.parametrize(
    ("name", "count"), [("sgd", 1), ("lion", 3), ("adamw", 4), ("adam", 5), ("nesterov", 3)]
)
def test_known_rules_are_short(name: str, count: int):
    assert len(instructions(ZOO[name])) == count


def test_a_program_that_is_too_large_says_so():
    slots = ", ".join(f"s{i}=zeros" for i in range(30))
    body = "".join(f"    s{i} = s{i} + {i + 1} * g\n" for i in range(30))
    total = " + ".join(f"s{i}" for i in range(30))
    program = dsl.parse(f"def wide(w, g, {slots}):\n{body}    return {total}")
    with pytest.raises(DoesNotFit, match="20 tensors are alive"):
        Machine(Layout.of(LEAVES)).encode(program)
    small = Machine(Layout.of(LEAVES), capacity=Capacity(instructions=3))
    with pytest.raises(DoesNotFit, match="instructions"):
        small.encode(ZOO["adamw"])
    with pytest.raises(DoesNotFit, match="does not carry 'sqrt'"):
        Machine(Layout.of(LEAVES), primitives=["add"]).encode(
            dsl.parse("def f(w, g):\n    return sqrt(g)")
        )


HELD_NOWHERE = ("Gram", "PerAxis", "Cover", "History", "Population", "Coefficients")
"""Kinds of matrices of an axis, members of a population, or slices along every axis."""


def test_only_kinds_that_no_register_holds_keep_a_rule_from_a_machine_with_every_primitive():
    built = Machine(Layout.of(LEAVES), capacity=ROOM)
    met, held_nowhere = set(), set()
    for name, rule in ZOO.items():
        whole = dsl.canonical(rule)
        if any(
            kind.declared.name in HELD_NOWHERE
            for kind in {*whole.kinds, *whole.name_kinds.values()}
        ):
            held_nowhere.add(name)
        try:
            built.encode(rule)
        except DoesNotFit as error:
            if "no register holds" in str(error):
                met.add(name)
    assert met == held_nowhere


def test_dead_code_costs_no_instruction():
    machine = Machine(Layout.of(LEAVES))
    program = dsl.parse("def f(w, g, m=zeros):\n    m = m + g\n    return 0.1 * g")
    assert machine.encode(program).op.size == 1
    assert live(program).slots == ()
