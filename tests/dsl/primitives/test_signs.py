"""The signs that primitives declare hold, by number."""

from dataclasses import replace

import numpy as np
import pytest
from jax import tree

from dsl import PRIMITIVES
from dsl.language.kinds import Kind
from dsl.language.registry import Primitive, Scope, primitive
from dsl.language.sign import Sign

SIGNED = [each for each in PRIMITIVES.values() if each.sign is not Sign.OPEN]
SHAPES = ((), (3,), (2, 4))
SCALES = (0.0, 0.1, 1.0, 5.0)
TIMES = 60


@pytest.mark.parametrize("declared", SIGNED, ids=lambda each: each.name)
def test_a_sign_holds_on_random_arguments(declared: Primitive):
    rng = np.random.default_rng(5)
    seen = 0
    for time in range(TIMES):
        values = called(declared, rng, SCALES[time % len(SCALES)])
        known = values[~np.isnan(values)]
        assert np.all(known > 0 if declared.sign is Sign.ABOVE else known >= 0)
        seen += known.size
    assert seen >= TIMES // 4


def called(declared: Primitive, rng: np.random.Generator, scale: float) -> np.ndarray:
    """The entries of a call's values: on Tensors for a free kind; from 0 on for a kept sign."""
    assert declared.scope is not Scope.STEP
    kinds = [kind or Kind.TENSOR for kind in declared.signature.params]
    args = [operand(kind, rng, scale, below=declared.sign is not Sign.KEPT) for kind in kinds]
    with np.errstate(all="ignore"):
        if declared.scope is Scope.MODEL:
            made = [declared.meaning(np, *args)]
        else:
            each = [arg if isinstance(arg, list) else [arg] * len(SHAPES) for arg in args]
            made = [declared.meaning(np, *leaves) for leaves in zip(*each, strict=True)]
    return np.concatenate([np.ravel(value) for value in tree.leaves(made)])


def operand(kind: Kind, rng: np.random.Generator, scale: float, *, below: bool):
    """A value of a kind in float64, zeros and whole numbers among its entries."""

    def entries(shape: tuple[int, ...]) -> np.ndarray:
        drawn = scale * rng.normal(size=shape)
        drawn = np.where(rng.random(shape) < 0.3, np.round(drawn), drawn)
        return drawn if below else np.abs(drawn)

    if kind.shape is None:
        return entries(())
    assert not kind.many and not kind.sized, f"no test draws a {kind}"
    return [entries(kind.shape(shape)) for shape in SHAPES]


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
    with pytest.raises(AssertionError):
        test_a_sign_holds_on_random_arguments(replace(PRIMITIVES[name], sign=Sign[wrong]))


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
