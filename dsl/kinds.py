"""What a value ranges over, and which kinds broadcast to which.

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
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of value; `str(kind)` is the word used in signatures and messages.

    `lifts_to` are the next kinds that it broadcasts to, `lifts_from` those that broadcast to it
    and were declared before it. `shape(of)` is the shape of the array that belongs to a parameter
    tensor of shape `of`; None where one value serves the whole model. `many` says that several
    arrays belong to a parameter tensor, held in a tuple; `shape(of)` is a tuple of shapes then.
    `per_parameter` counts its numbers for every parameter of a large model.
    """

    name: str
    holds: str
    lifts_to: "tuple[Kind, ...]"
    shape: Callable[[Shape], Any] | None
    per_parameter: int = 0
    lifts_from: "tuple[Kind, ...]" = ()
    many: bool = False

    GLOBAL: "ClassVar[Kind]"
    SCALAR: "ClassVar[Kind]"
    TENSOR: "ClassVar[Kind]"

    def __post_init__(self) -> None:
        if self.name in KINDS:
            raise ValueError(f"kind '{self.name}' is declared twice")
        KINDS[self.name] = self
        _above.cache_clear()
        join.cache_clear()

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"Kind({self.name})"


KINDS: dict[str, Kind] = {}


@cache
def _above(kind: Kind) -> frozenset[Kind]:
    """Every kind that `kind` lifts to, itself included."""
    nearest = [*kind.lifts_to, *(other for other in KINDS.values() if kind in other.lifts_from)]
    return frozenset({kind}).union(*map(_above, nearest))


def lifts(kind: Kind, to: Kind) -> bool:
    """Whether a value of `kind` may stand where `to` is wanted."""
    return to in _above(kind)


def plain(kind: Kind | None) -> bool:
    """Whether `kind` is one of those that everything can hold, machine and exports included; None
    stands for whichever kind a primitive is applied to."""
    return kind in (None, Kind.TENSOR, Kind.SCALAR, Kind.GLOBAL)


@cache
def join(a: Kind, b: Kind) -> Kind | None:
    """The lowest kind that both lift to, if there is one."""
    common = _above(a) & _above(b)
    return next((kind for kind in common if common <= _above(kind)), None)


Kind.TENSOR = Kind("Tensor", "one array shaped like each tensor", (), lambda of: of, 1)
Kind.SCALAR = Kind("Scalar", "one number per parameter tensor", (Kind.TENSOR,), lambda of: ())
Kind.GLOBAL = Kind("Global", "one number for the model", (Kind.SCALAR,), None)
