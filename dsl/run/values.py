"""Values of a program in a step: how they start, broadcast, and are rounded.

The model is a list of arrays, one per parameter tensor. A Tensor is such a list, a Scalar a list of
0-d arrays, a Global one number; a kind that holds several arrays per tensor is a list of tuples.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from dsl.language.initialisers import INITIALISERS, Init
from dsl.language.kinds import Kind
from dsl.run.shapes_met import check_start

Value: TypeAlias = Any
"""A list of arrays, or of tuples of arrays; a 0-d array or a float for Global."""


def initial(init: Init, leaves: Sequence[Any], xp: Any, args: Sequence[Any] = ()) -> Value:
    """The starting value of a slot.

    **Arguments:** `leaves`: the parameters, one array per tensor. `xp`: array namespace. `args`:
    numbers, or arrays of them, in place of those of `init`. A number too large for the dtype of the
    parameters becomes infinite.
    """
    rule = INITIALISERS[init.rule]
    fill = partial(rule.fill, xp)
    args = args or init.args
    with np.errstate(over="ignore"):
        if init.kind is Kind.GLOBAL:
            return fill(None, *args)
        made = [fill(leaf, *args) for leaf in leaves]
    for leaf, start in zip(leaves, made, strict=True):
        check_start(rule, init.kind, leaf, start)
    return made


def lifted(xp: Any, value: Value, kind: Kind, to: Kind, leaves: Sequence[Any]) -> Value:
    """A value of `kind` as one of `to`, broadcast to the shapes that belong to the parameters."""
    if kind is to:
        return value
    assert to.shape is not None, "nothing lifts to a Global"
    parts = value if isinstance(value, list) else [value] * len(leaves)
    shapes = [to.shape(leaf.shape) for leaf in leaves]
    if to.many:
        return [
            tuple(xp.broadcast_to(part, shape) for shape in several)
            for part, several in zip(parts, shapes, strict=True)
        ]
    return [xp.broadcast_to(part, shape) for part, shape in zip(parts, shapes, strict=True)]


def cast_like(xp: Any, value: Value, like: Value) -> Value:
    """`value` in the precision of `like`, array by array; all arrays of a tuple in that of the one
    array of `like`, if it has no tuple there."""
    if isinstance(value, list):
        return [cast_like(xp, part, leaf) for part, leaf in zip(value, like, strict=True)]
    if isinstance(value, tuple):
        likes = like if isinstance(like, tuple) else (like,) * len(value)
        return tuple(cast_like(xp, part, one) for part, one in zip(value, likes, strict=True))
    return xp.asarray(value, dtype=like.dtype)


def part_by_part(meaning: Callable[..., Any], xp: Any, *row: Any) -> tuple[Any, ...]:
    """An element-wise meaning applied to the tuples of arrays, and numbers, of one tensor."""
    count = next(len(arg) for arg in row if isinstance(arg, tuple))
    parts = [arg if isinstance(arg, tuple) else (arg,) * count for arg in row]
    return tuple(meaning(xp, *each) for each in zip(*parts, strict=True))
