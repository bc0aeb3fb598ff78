"""The numbers that slots start at, as initialisers declare them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dsl.language.initialisers import INITIALISERS, Init, Initialiser, initialiser
from dsl.language.kinds import Kind
from dsl.run.values import initial

W = [np.array(0.5), np.arange(3.0), np.arange(-4.0, 4.0).reshape(2, 4)]
STARTS = list(INITIALISERS.values())
FILLING = [each for each in STARTS if each.fills or each.case]


@pytest.mark.parametrize("rule", FILLING, ids=lambda rule: rule.name)
@settings(max_examples=12)
@given(st.floats(-1e6, 1e6))
def test_all_entries_start_at_the_number_that_is_declared(rule: Initialiser, value: float):
    check(rule, value)


def check(rule: Initialiser, value: float) -> None:
    start = Init(rule.name, (value,) * rule.arity)
    number = rule.case.number if rule.case else value
    made = initial(start, W, np) if rule.kind is not Kind.GLOBAL else [rule.fill(np, None, value)]
    for tensor in made:
        np.testing.assert_array_equal(tensor, np.full_like(tensor, number))


@pytest.mark.parametrize(
    "wrong",
    [
        replace(INITIALISERS["ones"], case=Init("const", (0,))),
        replace(INITIALISERS["copy_w"], case=Init("const", (1,))),
    ],
    ids=lambda rule: rule.name,
)
def test_a_wrong_case_is_noticed(wrong: Initialiser):
    with pytest.raises(AssertionError):
        check(wrong, 3.0)


def test_a_case_is_known_by_its_number_and_its_general_form():
    assert {rule.name: rule.general for rule in STARTS if rule.case} == {
        "zeros": "const",
        "ones": "const",
    }
    assert Init("zeros").number == 0 and Init("ones").number == 1
    assert Init("scalar", (-2.5,)).number == -2.5
    assert Init("copy_w").number is None and Init("history", (5,)).number is None


@pytest.mark.parametrize(
    ("kind", "facts", "message"),
    [
        (Kind.TENSOR, {"fills": True}, "'made' takes no number to fill with"),
        (Kind.SCALAR, {"case": Init("const", (0,))}, r"kind Scalar cannot be short for const\(0\)"),
        (Kind.TENSOR, {"case": Init("copy_w")}, "cannot be short for copy_w"),
    ],
)
def test_a_declaration_that_does_not_fit_is_refused(kind: Kind, facts: dict, message: str):
    def made(xp, w):
        """All entries 0."""
        return xp.zeros_like(w)

    with pytest.raises(ValueError, match=message):
        initialiser(kind, torch="{w}", **facts)(made)
    assert "made" not in INITIALISERS
