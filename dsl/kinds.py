"""What a value ranges over, and which kinds broadcast to which.

A value of a program stands for the whole model at once. Its kind says what it holds:

| kind   | holds                              | example            |
|--------|------------------------------------|--------------------|
| Global | one number for the model           | `t`, `lr`, a loss  |
| Scalar | one number per parameter tensor    | `norm(g)`          |
| Tensor | one array shaped like each tensor  | `w`, `g`, a slot   |

Kinds lift upwards by broadcasting and never downwards: a Global may stand where a Tensor is
wanted, a Tensor where a Scalar is wanted is an error (reduce it: `norm`, `mean`, ...). A later
kind (a row or a column of a tensor, a Gram matrix, a history) is one member of `Kind` and its
direct lifts in `_LIFTS`; everything else here follows from that table.
"""

import enum
from collections.abc import Iterable
from functools import cache


class Kind(enum.Enum):
    """The kind of a value; `str(kind)` is the word used in signatures and messages."""

    GLOBAL = "Global"
    SCALAR = "Scalar"
    TENSOR = "Tensor"

    def __str__(self) -> str:
        return self.value

    @property
    def per_parameter(self) -> int:
        """Numbers that a value holds for every parameter of a large model: 0 or 1."""
        return int(self is Kind.TENSOR)


_LIFTS: dict[Kind, tuple[Kind, ...]] = {
    Kind.GLOBAL: (Kind.SCALAR,),
    Kind.SCALAR: (Kind.TENSOR,),
    Kind.TENSOR: (),
}


@cache
def _above(kind: Kind) -> frozenset[Kind]:
    """Every kind that `kind` lifts to, itself included."""
    return frozenset({kind}).union(*(_above(higher) for higher in _LIFTS[kind]))


def lifts(kind: Kind, to: Kind) -> bool:
    """Whether a value of `kind` may stand where `to` is wanted."""
    return to in _above(kind)


def join(kinds: Iterable[Kind]) -> Kind:
    """The lowest kind that all of `kinds` lift to; Global for none."""
    result = Kind.GLOBAL
    for kind in kinds:
        result = _join(result, kind)
    return result


@cache
def _join(a: Kind, b: Kind) -> Kind:
    common = _above(a) & _above(b)
    return next(kind for kind in common if common <= _above(kind))
