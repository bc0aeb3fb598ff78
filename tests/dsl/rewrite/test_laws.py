"""Every law that a primitive declares holds where it says."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl import PRIMITIVES
from dsl.language.kinds import Kind
from dsl.language.registry import Domain, Law
from dsl.rewrite.pattern import parse_law
from dsl.run.interpret import run_step

LAWS = [law for primitive in PRIMITIVES.values() for law in primitive.laws]
NUMBERS = (0.0, -0.0, 1.0, -1.0, 2.0, -0.5, 1e-8, -3.75)
SPECIAL = (np.nan, np.inf, -np.inf, 1e300, -1e-300)


@pytest.mark.parametrize("law", LAWS, ids=[law.text for law in LAWS])
def test_a_law_holds_in_its_domain(law: Law):
    lhs, rhs = parse_law(law.text)
    assert len(rhs.statements) <= len(lhs.statements)
    finite = law.domain is Domain.FINITE
    entries = st.sampled_from(NUMBERS if finite else NUMBERS + SPECIAL) | st.floats(
        -8 if finite else None, 8 if finite else None, allow_subnormal=False
    )
    tried = 0

    @given(st.data())
    @settings(max_examples=200)
    def check(data):
        nonlocal tried
        slots = {}
        for name, init in lhs.slots.items():
            drawn = np.array(data.draw(st.lists(entries, min_size=4, max_size=4)))
            slots[name] = [drawn] if init.kind is Kind.TENSOR else drawn[0]
        x, y = value(lhs, slots), value(rhs, slots)
        if not finite:
            np.testing.assert_array_equal(x, y)
        else:
            both = np.isfinite(x) & np.isfinite(y)
            tried += int(np.sum(both))
            np.testing.assert_allclose(x[both], y[both], rtol=1e-12, atol=1e-13)

    check()
    assert tried or not finite


def value(program, slots):
    w = [np.zeros(4)]
    return run_step(program, {"w": w, "g": w}, slots, None, np)[0][0]


def test_a_law_that_does_not_hold_would_be_noticed():
    with pytest.raises(AssertionError):
        test_a_law_holds_in_its_domain(Law("x * 0 => 0", Domain.EXACT))
    with pytest.raises(AssertionError):
        test_a_law_holds_in_its_domain(Law("abs(x) => x", Domain.FINITE))


COMMUTATIVE = [primitive for primitive in PRIMITIVES.values() if primitive.commutative]


@pytest.mark.parametrize("primitive", COMMUTATIVE, ids=lambda p: p.name)
@given(data=st.data())
@settings(max_examples=50)
def test_commutative_arguments_may_swap(primitive, data):
    names = [f"x{index}" for index in range(len(primitive.params))]
    swapped = [names[1], names[0], *names[2:]]
    lhs, rhs = parse_law(
        f"{primitive.name}({', '.join(names)}) => {primitive.name}({', '.join(swapped)})"
    )
    entries = st.lists(st.sampled_from(NUMBERS + SPECIAL), min_size=4, max_size=4)
    slots = {name: [np.array(data.draw(entries))] for name in lhs.slots}
    np.testing.assert_array_equal(value(lhs, slots), value(rhs, slots))
