"""Many steps at once: primitives whose meaning is the same on arrays of all steps.

Most meanings say nothing of shapes: a norm is the root of a sum of squares. On arrays with an axis
of steps in front they give each step's value, where sums are taken of each step
(`dsl.run.numpy64.step_by_step`). Which do, bit for bit, is tried out once for each primitive and
shape, on numbers of all sorts.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from dsl.language.kinds import Kind, Shape
from dsl.language.registry import Primitive, Scope
from dsl.run.numpy64 import step_by_step, without_signed_zeros

_STEPS = 5
_RARE = (0.0, np.inf, -np.inf, np.nan)
_FAILURES = (TypeError, ValueError, IndexError, AttributeError, np.linalg.LinAlgError)


@cache
def works_on_all_steps(
    primitive: Primitive, kinds: tuple[Kind, ...], shapes: tuple[Shape, ...]
) -> bool:
    """True if a primitive is known to give for many steps together what it gives step by step.

    **Arguments:** `kinds`: of its arguments; `shapes`: of all tensors for a primitive of the whole
    model, else of the one that it is applied to.
    """
    if Kind.GLOBAL in kinds:
        return False
    rng = np.random.default_rng(7)
    args: list[Any] = [_drawn(rng, kind, shapes) for kind in kinds]
    if primitive.scope is not Scope.MODEL:
        args = [first for first, *_ in args]
    with np.errstate(all="ignore"):
        try:
            alone = [
                primitive.meaning(without_signed_zeros, *(_at(arg, t) for arg in args))
                for t in range(_STEPS)
            ]
            return _agree(primitive.meaning(step_by_step, *args), alone)
        except _FAILURES:
            return False


def _drawn(rng: np.random.Generator, kind: Kind, shapes: Sequence[Shape]) -> list[Any]:
    """Values for each tensor at a few steps, the later ones with zeros and what is not finite."""
    assert kind.shape is not None
    drawn = []
    for shape in map(kind.shape, shapes):
        values = rng.normal(size=(_STEPS, *shape)) * 10.0 ** rng.integers(-3, 3)
        entries = values.reshape(_STEPS, -1)
        for t in range(2, _STEPS):
            entries[t, rng.integers(entries.shape[1])] = rng.choice(_RARE)
        drawn.append(values)
    return drawn


def _at(arg: Any, t: int) -> Any:
    """An argument at one step."""
    return [part[t] for part in arg] if isinstance(arg, list) else arg[t]


def _agree(together: Any, alone: Sequence[Any]) -> bool:
    """True if the values of all steps, or the one value for all of them, are those of each step and
    lie in memory as these do."""
    each = [np.asarray(value) for value in alone]
    expected, found = np.stack(each), np.asarray(together)
    if found.dtype != expected.dtype or found.ndim not in (0, expected.ndim):
        return False
    found = np.broadcast_to(found, expected.shape)
    pairs = zip(each, found, strict=True)
    alike = all(one.flags.c_contiguous is two.flags.c_contiguous for one, two in pairs)
    return alike and np.array_equal(found, expected, equal_nan=True)
