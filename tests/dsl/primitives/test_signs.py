"""The signs that primitives declare hold, by number."""

from dataclasses import replace

import pytest

from dsl import PRIMITIVES
from dsl.checks.fault import Fault
from dsl.checks.signs import check_sign
from dsl.language.registry import Primitive, primitive
from dsl.language.sign import Sign

SIGNED = [each for each in PRIMITIVES.values() if each.sign is not Sign.OPEN]


@pytest.mark.parametrize("declared", SIGNED, ids=lambda each: each.name)
def test_a_sign_holds_on_random_arguments(declared: Primitive):
    check_sign(declared)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        *(("sin", "NEVER_BELOW"), ("log1p_abs", "NEVER_BELOW"), ("dot", "NEVER_BELOW")),
        *(("abs", "ABOVE"), ("norm", "ABOVE"), ("expm1", "ABOVE"), ("every", "ABOVE")),
        *(("neg", "KEPT"), ("cos", "KEPT"), ("log", "KEPT"), ("sub", "KEPT")),
        *(("global_mean", "NEVER_BELOW"), ("global_norm", "ABOVE"), ("tanh", "NEVER_BELOW")),
    ],
)
def test_a_wrong_sign_is_noticed(name: str, wrong: str):
    with pytest.raises(Fault):
        check_sign(replace(PRIMITIVES[name], sign=Sign[wrong]))


@pytest.mark.parametrize(
    ("sign", "message"),
    [(Sign.KEPT, "'fixed' has no argument whose sign"), ("positive", "'positive' is not a valid")],
)
def test_a_sign_that_says_nothing_is_refused(sign, message):
    def fixed(xp):
        """A number."""
        return 1.0

    with pytest.raises(ValueError, match=message):
        primitive("-> Global", torch="1", latex="1", sign=sign)(fixed)
    assert "fixed" not in PRIMITIVES
