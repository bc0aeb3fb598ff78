"""The parity of a program's values: what becomes of them when gradient and parameters are mirrored.

An update rule that does not know left from right turns its step around when the loss is mirrored
(w to -w, so g to -g). Values of such a rule are odd (they turn around: gradients, momentum,
directions) or even (they stay: squares, norms, second moments, counts). An odd value in place of
another odd one leaves a rule mirrored; in place of an even one it mostly makes nonsense, such as
the root of a negative number.

What a primitive does to parities is found by applying it to a few numbers and to mirrored ones: a
guide for a search, and no proof.
"""

import enum
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

import numpy as np

from dsl.language.initialisers import Init
from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Scope
from dsl.program import Arg, Const, Local, Name, Program
from dsl.run.values import initial


class Parity(enum.Enum):
    """The effect of mirroring on a value."""

    ODD = "turns around"
    EVEN = "stays"
    NEITHER = "becomes something else"
    ZERO = "0 so far, and so either"


_PLAIN = (Kind.TENSOR, Kind.SCALAR, Kind.GLOBAL)
_SHAPE = (3, 4)


@lru_cache(maxsize=4096)
def parities(program: Program) -> Mapping[Arg, Parity]:
    """The parity of each name and statement of a program."""
    found: dict[Arg, Parity] = {Name(name): Parity.EVEN for name in program.name_kinds}
    found[Name("w")] = found[Name("g")] = Parity.ODD
    for slot, init in program.slots.items():
        found[Name(slot)] = _start(init)
    while True:
        for index, statement in enumerate(program.statements):
            args = tuple(_of(found, arg) for arg in statement.args)
            found[Local(index)] = applied(statement.op, args)
        nexts: dict[Arg, Parity] = {
            Name(slot): _joined(found[Name(slot)], _of(found, arg))
            for slot, arg in program.next_values.items()
        }
        if all(found[name] is parity for name, parity in nexts.items()):
            return found
        found.update(nexts)


@cache
def applied(op: str, args: tuple[Parity, ...]) -> Parity:
    """The parity of a primitive's value by those of its arguments; NEITHER for one that draws,
    asks an oracle, or works on other kinds than Tensor, Scalar and Global."""
    primitive = PRIMITIVES[op]
    if Parity.NEITHER in args or primitive.scope is Scope.STEP:
        return Parity.NEITHER
    kinds = [kind or Kind.TENSOR for kind in primitive.signature.params]
    if any(kind not in _PLAIN for kind in kinds):
        return Parity.NEITHER
    rng = np.random.default_rng(7)
    plain, mirrored = [], []
    for kind, parity in zip(kinds, args, strict=True):
        drawn = rng.normal(size=_SHAPE if kind is Kind.TENSOR else ())
        value = {Parity.ZERO: 0 * drawn, Parity.ODD: drawn}.get(parity, np.abs(drawn) + 0.1)
        other = -value if parity is Parity.ODD else value
        wrapped = kind is Kind.TENSOR and primitive.scope is Scope.MODEL
        plain.append([value] if wrapped else value)
        mirrored.append([other] if wrapped else other)
    with np.errstate(all="ignore"):
        try:
            one, two = (_flat(primitive.meaning(np, *each)) for each in (plain, mirrored))
        except (TypeError, ValueError, IndexError, AttributeError, np.linalg.LinAlgError):
            return Parity.NEITHER
    return _compared(one, two, Parity.ZERO in args)


def _compared(one: np.ndarray, two: np.ndarray, unsure: bool = False) -> Parity:
    """The parity of a value by itself and by its mirror image."""
    if not (np.isfinite(one).all() and np.isfinite(two).all()):
        return Parity.ZERO if unsure else Parity.NEITHER
    if not one.any() and not two.any():
        return Parity.ZERO
    if np.allclose(one, two):
        return Parity.EVEN
    return Parity.ODD if np.allclose(one, -two) else Parity.NEITHER


def _flat(value: Any) -> np.ndarray:
    """A value, or the list of its arrays, as one float64 vector."""
    parts = value if isinstance(value, list | tuple) else [value]
    return np.concatenate([np.asarray(part, np.float64).ravel() for part in parts])


def _of(found: Mapping[Arg, Parity], arg: Arg) -> Parity:
    return Parity.EVEN if isinstance(arg, Const) else found[arg]


def _joined(one: Parity, other: Parity) -> Parity:
    """The parity of what is now one, now the other."""
    if Parity.ZERO in (one, other):
        return other if one is Parity.ZERO else one
    return one if one is other else Parity.NEITHER


@lru_cache(maxsize=256)
def _start(init: Init) -> Parity:
    """The parity of what a slot starts as."""
    if init.rule == "first_g":
        return Parity.ODD
    if init.kind not in _PLAIN:
        return Parity.NEITHER
    w = np.random.default_rng(7).normal(size=_SHAPE)
    one, two = (_flat(initial(init, [each], np)) for each in (w, -w))
    return _compared(one, two)
