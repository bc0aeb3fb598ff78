"""Every law and equation that a primitive declares holds where it says, and a wrong one would be
noticed."""

import pytest

from dsl import PRIMITIVES
from dsl.checks.fault import Fault
from dsl.checks.laws import check_law, check_shrinks, check_swaps
from dsl.language.registry import Domain, Law

LAWS = [law for primitive in PRIMITIVES.values() for law in primitive.laws]
EQUATIONS = [law for primitive in PRIMITIVES.values() for law in primitive.equations]
COMMUTATIVE = [primitive for primitive in PRIMITIVES.values() if primitive.commutative]


@pytest.mark.parametrize("law", [*LAWS, *EQUATIONS], ids=lambda law: law.text)
def test_a_law_holds_in_its_domain(law: Law):
    check_law(law)


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.text)
def test_a_law_makes_no_program_larger(law: Law):
    check_shrinks(law)


@pytest.mark.parametrize("primitive", COMMUTATIVE, ids=lambda p: p.name)
def test_commutative_arguments_may_swap(primitive):
    check_swaps(primitive)


@pytest.mark.parametrize(
    "wrong",
    [
        Law("sqrt(square(x)) => x", Domain.FINITE),
        Law("interp(x, interp(x, y, a), b) => interp(x, y, a + b)", Domain.FINITE),
        Law("sign(k * x) => sign(x)", Domain.FINITE, "", ("k: Global",)),
        Law("abs(k * x) => k * abs(x)", Domain.FINITE, "", ("k: Global",)),
        Law("sign(x) => 1", Domain.FINITE, "", ("x >= 0",)),
        Law("x * 0 => 0", Domain.EXACT),
        Law("abs(x) => x", Domain.FINITE),
        Law("log(-square(x)) => x", Domain.FINITE),
        Law("abs(no_such_word(x)) => x", Domain.FINITE),
    ],
    ids=lambda law: law.text,
)
def test_a_wrong_law_is_noticed(wrong: Law):
    with pytest.raises(Fault):
        check_law(wrong)


def test_the_place_of_a_wrong_law_is_said():
    with pytest.raises(Fault, match=r"abs\(x\) => x does not hold at x = -[\d.e-]+: its sides are"):
        check_law(Law("abs(x) => x", Domain.FINITE))


def test_a_law_that_makes_programs_larger_and_arguments_that_may_not_swap_are_noticed():
    with pytest.raises(Fault, match="belongs among the `equations`"):
        check_shrinks(Law("sqrt(k * x) => sqrt(k) * sqrt(x)", Domain.FINITE))
    with pytest.raises(Fault):
        check_swaps(PRIMITIVES["sub"])
