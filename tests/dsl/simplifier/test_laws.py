"""The laws and equations that primitives declare hold where they say, by number."""

from dataclasses import replace

import numpy as np
import pytest

from dsl import PRIMITIVES
from dsl.language.kinds import Kind
from dsl.language.registry import Domain, Law
from dsl.program import Local
from dsl.rewrite.pattern import parse_law
from dsl.run.interpret import run_step

EQUATIONS = [
    law for primitive in PRIMITIVES.values() for law in (*primitive.laws, *primitive.equations)
]
NUMBERS = np.array([0.0, 1.0, -1.0, 2.0, -0.5, -3.75, 0.25])
SPECIAL = np.array([np.nan, np.inf, -np.inf, 1e300, -1e-300])
ENTRIES, TIMES = 64, 8


@pytest.mark.parametrize("law", EQUATIONS, ids=[law.text for law in EQUATIONS])
def test_an_equation_holds_in_its_domain(law: Law):
    lhs, rhs = parse_law(law.text, law.numbers)
    finite = law.domain is Domain.FINITE
    rng = np.random.default_rng(3)
    seen = 0
    for _ in range(TIMES):
        slots = {}
        for name, init in lhs.slots.items():
            drawn = entries(law, name, rng)
            slots[name] = [drawn] if init.kind is Kind.TENSOR else drawn[0]
        with np.errstate(all="ignore"):
            x, y = value(lhs, slots), value(rhs, slots)
            both = usual(lhs, slots) if finite else np.ones(ENTRIES, bool)
        seen += int(np.sum(both))
        if finite:
            np.testing.assert_allclose(y[both], x[both], rtol=1e-9, atol=1e-10)
        else:
            np.testing.assert_array_equal(x, y)
    assert seen > ENTRIES


def entries(law: Law, name: str, rng: np.random.Generator) -> np.ndarray:
    """Numbers that a free name may stand for, the usual ones among them."""
    low = dict(law.signs).get(name)
    drawn = rng.choice(NUMBERS, ENTRIES)
    drawn = np.where(rng.random(ENTRIES) < 0.6, rng.normal(0, 2, ENTRIES), drawn)
    if law.domain is Domain.EXACT and name not in law.numbers:
        drawn = np.where(rng.random(ENTRIES) < 0.2, rng.choice(SPECIAL, ENTRIES), drawn)
    if low is not None:
        drawn = np.abs(drawn)
    return np.where(drawn == 0, 0.5, drawn) if low == ">" else drawn


def usual(program, slots) -> np.ndarray:
    """The entries at which every value on the way is finite."""
    fine = np.ones(ENTRIES, bool)
    for index, kind in enumerate(program.kinds):
        if kind is Kind.TENSOR:
            fine &= np.isfinite(value(replace(program, result=Local(index)), slots))
    return fine


def value(program, slots):
    w = [np.zeros(ENTRIES)]
    return run_step(program, {"w": w, "g": w}, slots, None, np)[0][0]


@pytest.mark.parametrize(
    "wrong",
    [
        Law("sqrt(square(x)) => x", Domain.FINITE),
        Law("interp(x, interp(x, y, a), b) => interp(x, y, a + b)", Domain.FINITE),
        Law("sign(k * x) => sign(x)", Domain.FINITE, "", ("k: Global",)),
        Law("abs(k * x) => k * abs(x)", Domain.FINITE, "", ("k: Global",)),
        Law("sign(x) => 1", Domain.FINITE, "", ("x >= 0",)),
        Law("x * 0 => 0", Domain.EXACT),
    ],
    ids=lambda law: law.text,
)
def test_a_wrong_equation_is_noticed(wrong: Law):
    with pytest.raises(AssertionError):
        test_an_equation_holds_in_its_domain(wrong)
