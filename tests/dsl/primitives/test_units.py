"""One number per slice along the first axis, lengths of axes, and where such numbers may stand."""

import math

import jax.numpy as jnp
import numpy as np
import pytest

from dsl import PRIMITIVES, parse, to_optax
from dsl.language.kinds import KINDS, Kind, join, lifts
from dsl.run.interpret import run_step
from tests.dsl.primitives.test_reductions import value

SHAPES = ((), (3,), (3, 4), (2, 3, 4), (2, 3, 2, 2))
UNIT, ROW = KINDS["Unit"], KINDS["Row"]


def test_units_stand_between_the_numbers_and_the_tensors():
    assert UNIT.shape is not None
    shapes = [UNIT.shape(shape) for shape in SHAPES]
    assert shapes == [(), (3,), (3, 1), (2, 1, 1), (2, 1, 1, 1)]
    assert lifts(Kind.SCALAR, UNIT) and not lifts(Kind.TENSOR, UNIT)
    assert join(UNIT, Kind.GLOBAL) is UNIT and join(UNIT, ROW) is Kind.TENSOR


@pytest.mark.parametrize("reduction", ["mean", "sum", "norm", "max"])
def test_a_reduction_takes_all_axes_but_the_first_and_leaves_vectors_as_they_are(reduction):
    of = {"mean": np.mean, "sum": np.sum, "norm": np.linalg.norm, "max": np.max}[reduction]
    for met, shape in zip(value(f"unit_{reduction}(g)", shapes=SHAPES), SHAPES, strict=True):
        leaf = -np.arange(1.0, 1 + math.prod(shape)).reshape(shape)
        single = [[entry] for entry in leaf.ravel()]  # each entry is a unit
        units = single if leaf.ndim < 2 else [unit.ravel() for unit in leaf]
        wanted = np.reshape([of(unit) for unit in units], shape[:1] + (1,) * (len(shape) - 1))
        np.testing.assert_allclose(met, np.broadcast_to(wanted, shape), rtol=1e-14)


def test_units_and_rows_side_by_side_fill_a_tensor():
    for met, shape in zip(value("norm(unit_sum(0 * w) + row_sum(0 * w) + 1)", shapes=SHAPES),
                          SHAPES, strict=True):  # fmt: skip
        np.testing.assert_allclose(met, np.full(shape, math.sqrt(math.prod(shape))), rtol=1e-15)


def test_lengths_of_axes_count_from_either_end_and_of_one_that_is_not_there_is_one():
    w = [np.zeros(shape) for shape in SHAPES]
    for xp in (np, jnp):
        for axis in range(-5, 6):
            for leaf in w:
                met = PRIMITIVES["axis_length"].meaning(xp, xp.asarray(leaf), float(axis))
                there = -leaf.ndim <= axis < leaf.ndim
                assert met == (leaf.shape[axis] if there else 1) and met.shape == ()


def test_a_unit_has_the_entries_of_the_tensor_over_the_first_length():
    for met, shape in zip(value("entry_count(w) / axis_length(w, 0)", shapes=SHAPES), SHAPES,
                          strict=True):  # fmt: skip
        np.testing.assert_array_equal(met, np.full(shape, math.prod(shape[1:])))


def test_the_state_of_units_is_small_and_tensors_without_entries_do_not_raise():
    text = (
        "def rule(w, g, v=units(2)):\n    v = v + unit_norm(g) + unit_sum(g) + unit_max(g)\n"
        "    return v * g / entry_count(g)"
    )
    program = parse(text)
    state = to_optax(program).init({"a": jnp.zeros((3, 5, 2)), "b": jnp.zeros(7)})
    np.testing.assert_array_equal(state.slots["v"]["a"], np.full((3, 1, 1), 2.0))
    assert state.slots["v"]["b"].shape == (7,)
    w = [np.zeros((0,)), np.zeros((0, 2)), np.zeros((3, 0, 2))]
    slots = {"v": [np.zeros(UNIT.shape(leaf.shape)) for leaf in w]}
    met, _ = run_step(program, {"w": w, "g": w}, slots, None, np)
    assert [leaf.shape for leaf in met] == [leaf.shape for leaf in w]
