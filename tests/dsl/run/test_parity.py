"""Parities against runs of programs on mirrored gradients and parameters."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl.program import Local, Name
from dsl.program.parse import parse
from dsl.rewrite.lower import spelled_out
from dsl.run.interpret import run_step
from dsl.run.parity import Parity, applied, parities
from dsl.run.values import initial
from dsl.zoo import ZOO

SHAPES = ((3,), (2, 3))
STEPS = 4


def run(program, sign):
    """Steps on a stream of gradients, mirrored if `sign` is -1: [steps, entries]."""
    rng = np.random.default_rng(3)
    w = [sign * rng.normal(size=shape) for shape in SHAPES]
    slots = {name: initial(init, w, np) for name, init in program.slots.items()}
    moves = []
    for t in range(STEPS):
        g = [sign * rng.normal(size=shape) for shape in SHAPES]
        inputs = {"w": w, "g": g, "t": np.float64(t + 1), "T": 100.0, "loss": np.float64(2.0)}
        inputs = {**inputs, **program.hyperparameters}
        move, slots = run_step(program, inputs, slots, None, np)
        moves.append(np.concatenate([part.ravel() for part in move]))
        w = [leaf - part for leaf, part in zip(w, move, strict=True)]
    return np.stack(moves)


def check(program):
    parity = parities(program).get(program.result, Parity.EVEN)
    if parity is Parity.NEITHER:
        return parity
    lowered = spelled_out(program)
    one = run(lowered, 1)
    if parity is Parity.ODD and np.isfinite(one).all():
        np.testing.assert_allclose(run(lowered, -1), -one, rtol=1e-9, atol=1e-12)
    return parity


def test_most_rules_of_the_zoo_turn_around_with_the_loss():
    found = {name: check(rule) for name, rule in ZOO.items()}
    assert sum(parity is Parity.ODD for parity in found.values()) > 100
    assert {found[name] for name in ("adamw", "lion", "adan", "sgd")} == {Parity.ODD}
    assert found["sgd_gradient_noise"] is Parity.NEITHER


@given(st.lists(st.sampled_from([Parity.ODD, Parity.EVEN]), min_size=2, max_size=2))
def test_products_and_sums(args):
    odd = args.count(Parity.ODD)
    assert applied("mul", tuple(args)) is (Parity.ODD if odd == 1 else Parity.EVEN)
    same = args[0] if args[0] is args[1] else Parity.NEITHER
    assert applied("add", tuple(args)) is same


@pytest.mark.parametrize(
    ("op", "args", "wanted"),
    [
        ("sqrt", [Parity.EVEN], Parity.EVEN),
        ("sqrt", [Parity.ODD], Parity.NEITHER),
        ("square", [Parity.ODD], Parity.EVEN),
        ("sign", [Parity.ODD], Parity.ODD),
        ("global_norm", [Parity.ODD], Parity.EVEN),
        ("where", [Parity.EVEN, Parity.ODD, Parity.ODD], Parity.ODD),
        ("interp", [Parity.ODD, Parity.ZERO, Parity.EVEN], Parity.ODD),
        ("rademacher", [Parity.EVEN], Parity.NEITHER),
    ],
)
def test_what_primitives_do_to_parities(op, args, wanted):
    assert applied(op, tuple(args)) is wanted


def test_slots_are_known_across_steps():
    rule = parse(
        "def r(w, g, m=zeros, v=zeros, a=copy_w):\n    m = interp(g, m, 0.9)\n"
        "    v = maximum(v, square(g))\n    a = a + m\n    return m / (sqrt(v) + 1e-8)"
    )
    known = parities(rule)
    assert [known[Name(slot)].name for slot in ("m", "v", "a")] == ["ODD", "EVEN", "ODD"]
    assert known[Local(0)] is Parity.ODD
