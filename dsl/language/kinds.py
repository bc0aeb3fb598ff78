"""Kinds of values: what each ranges over, and which broadcast to which.

A value of a program stands for the whole model at once. Its kind says what it holds:

| kind   | holds                              | example            |
|--------|------------------------------------|--------------------|
| Global | one number for the model           | `t`, `lr`, a loss  |
| Scalar | one number per parameter tensor    | `norm(g)`          |
| Tensor | one array shaped like each tensor  | `w`, `g`, a slot   |

Kinds lift upwards by broadcasting and never downwards: a Global may stand where a Tensor is
wanted, a Tensor where a Scalar is wanted is an error (reduce it: `norm`, `mean`, ...). A further
kind is declared in a module of its own, with its neighbours in that order and the shape of its
arrays; everything here and in the interpreter follows from that declaration. Two kinds need not
have a common one above them; then they cannot stand side by side.

A kind may be a family with a kind for each length, as histories of five and of ten members are two
kinds. Signatures name the family; what a primitive is applied to has the length.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, ClassVar

from dsl.declare import Registry

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of value, made by `kind`; `str(kind)` is the word used in signatures and messages.

    `lifts_to` are the next kinds that it broadcasts to, `lifts_from` those that broadcast to it
    and were declared before it. `shape(of)` is the shape of the array that belongs to a parameter
    tensor of shape `of`; None where one value serves the whole model. `many` says that several
    arrays belong to a parameter tensor, held in a tuple; `shape(of)` is a tuple of shapes then.
    `per_parameter` counts its numbers for every parameter of a large model.

    `sized` says that this is a family, whose `of(length)` are the kinds of values: their arrays
    have one more axis, the first, of that length.
    """

    name: str
    holds: str
    lifts_to: "tuple[Kind, ...]"
    shape: Callable[[Shape], Any] | None
    per_parameter: int = 0
    lifts_from: "tuple[Kind, ...]" = ()
    many: bool = False
    sized: bool = False
    family: "Kind | None" = None
    length: int | None = None

    GLOBAL: "ClassVar[Kind]"
    SCALAR: "ClassVar[Kind]"
    TENSOR: "ClassVar[Kind]"

    def of(self, length: int | None) -> "Kind":
        """The kind of this family for a length; the kind itself if it is no family, or for None."""
        return _of(self, length) if self.sized and length is not None else self

    @property
    def declared(self) -> "Kind":
        """The family that the kind is of, or the kind itself."""
        return self.family or self

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"Kind({self.name})"


KINDS: Registry[Kind] = Registry("kind")


def kind(
    name: str,
    holds: str,
    *,
    shape: Callable[[Shape], Any] | None,
    lifts_to: tuple[Kind, ...] = (),
    lifts_from: tuple[Kind, ...] = (),
    per_parameter: int = 0,
    many: bool = False,
    sized: bool = False,
) -> Kind:
    """Declare a kind; the arguments are the fields of `Kind`."""
    declared = Kind(name, holds, lifts_to, shape, per_parameter, lifts_from, many, sized)
    _above.cache_clear()
    join.cache_clear()
    return KINDS.declare(name, declared)


@cache
def _above(kind: Kind) -> frozenset[Kind]:
    """Every kind that `kind` lifts to, itself included."""
    nearest = [*kind.lifts_to, *(other for other in KINDS.values() if kind in other.lifts_from)]
    return frozenset({kind}).union(*map(_above, nearest))


@cache
def _of(family: Kind, length: int) -> Kind:
    shape = family.shape
    assert shape is not None, "a family has a value for each tensor"
    return replace(
        family,
        name=f"{family.name}[{length}]",
        shape=lambda of: (length, *shape(of)),
        per_parameter=length * family.per_parameter,
        sized=False,
        family=family,
        length=length,
    )


def lifts(kind: Kind, to: Kind) -> bool:
    """True if a value of `kind` may stand where `to` is wanted."""
    if kind is to:
        return True
    return kind.length in (None, to.length) and to.declared in _above(kind.declared)


def plain(kind: Kind | None) -> bool:
    """True for a kind that everything can hold, the machine included, and for None, which
    stands for whichever kind a primitive is applied to."""
    return kind in (None, Kind.TENSOR, Kind.SCALAR, Kind.GLOBAL)


@cache
def join(a: Kind, b: Kind) -> Kind | None:
    """The lowest kind that both lift to, if there is one."""
    lengths = {a.length, b.length} - {None}
    common = _above(a.declared) & _above(b.declared)
    lowest = next((kind for kind in common if common <= _above(kind)), None)
    if lowest is None or len(lengths) > 1:
        return None
    return lowest.of(*(lengths or {None}))


Kind.TENSOR = kind(
    "Tensor", "one array shaped like each tensor", shape=lambda of: of, per_parameter=1
)
Kind.SCALAR = kind(
    "Scalar", "one number per parameter tensor", shape=lambda of: (), lifts_to=(Kind.TENSOR,)
)
Kind.GLOBAL = kind("Global", "one number for the model", shape=None, lifts_to=(Kind.SCALAR,))
