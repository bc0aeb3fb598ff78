"""Other numbers for a program: near what they were, nothing else changed."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dsl import parse
from dsl.rewrite.family import family
from dsl.zoo import ZOO
from search.mutation.settings import other_number, settings


def rng(seed=0):
    return np.random.default_rng(seed)


def skeleton(program):
    return [(each.op, len(each.args)) for each in program.statements], program.slots, program.inputs


@pytest.mark.parametrize("name", ["adamw", "lion", "adan", "schedule_free_adamw", "sgd"])
def test_settings_differ_in_numbers_alone_and_leave_the_rate(name):
    program = ZOO[name]
    found = settings(program, rng(), 6)
    assert len(found) == (0 if name == "sgd" else 6)
    for each in found:
        assert skeleton(each) == skeleton(program) and family(each) == family(program)
        assert each.hyperparameters.get("lr") == program.hyperparameters.get("lr")
        assert each.name == program.name
        built = replace(each)  # which checks it
        assert (built, hash(built), built.kinds) == (each, hash(each), each.kinds)
    assert len({each.digest for each in (program, *found)}) == len(found) + 1


def test_settings_are_a_function_of_the_generator():
    first, again = (settings(ZOO["adan"], rng(3), 4) for _ in range(2))
    assert first == again != settings(ZOO["adan"], rng(4), 4)


def test_numbers_in_statements_move_too():
    program = parse(
        "def f(w, g, m=zeros, *, lr=0.1):\n    m = interp(g, m, 0.9)\n    return lr * m"
    )
    decays = {each.statements[0].args[2].value for each in settings(program, rng(), 8)}
    assert len(decays) > 5 and all(0.0 <= decay < 1.0 for decay in decays)


@given(st.floats(-1e6, 1e6, allow_nan=False), st.integers(0, 2**32 - 1))
def test_a_number_stays_on_its_side(value, seed):
    moved = other_number(rng(seed), value)
    assert math.isfinite(moved)
    if value == 0:
        assert moved == 0
    elif 0.5 <= value < 1:
        assert 0.1 <= moved + 1e-12 <= 1 + 1e-12 and 1 - moved <= 10.1 * (1 - value) + 1e-12
    else:
        assert math.copysign(1, moved) == math.copysign(1, value)
