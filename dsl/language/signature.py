"""The type of a primitive as a value: `"K, K, Global -> K"`.

A word is a kind or the variable `K`, which stands for the lowest kind that all arguments at its
positions lift to. A signature over `K` (and Global) alone says that the primitive is element-wise:
it means the same on a number, on one number per tensor, and on every entry of a tensor. A family of
kinds stands for its kind of the length that the arguments have, which is one and the same.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

from dsl.language.kinds import KINDS, Kind, join, lifts

VARIABLE = "K"

Bound: TypeAlias = tuple[tuple[Kind, ...], Kind]
"""The kinds that arguments are lifted to, and the kind of the result."""


class SignatureMismatch(ValueError):
    """Arguments do not fit: `position` is the first that does not, or None if the count is off.

    `wanted` is the kind that would fit there, beside the arguments before it.
    """

    def __init__(self, position: int | None, wanted: Kind | None):
        super().__init__(position, wanted)
        self.position = position
        self.wanted = wanted


@dataclass(frozen=True)
class Signature:
    """Kinds of the arguments and of the result; None stands for the variable `K`."""

    params: tuple[Kind | None, ...]
    result: Kind | None
    _bound: dict[tuple[Kind, ...], Bound] = field(default_factory=dict, compare=False, repr=False)
    """The findings of `bind` so far."""

    @staticmethod
    def parse(text: str) -> "Signature":
        """Read `"Tensor, Global -> Tensor"`; ValueError for a word that is no kind."""
        left, _, right = text.partition("->")
        words = [word.strip() for word in left.split(",") if word.strip()]
        return Signature(tuple(map(_kind, words)), _kind(right.strip()))

    @cached_property
    def elementwise(self) -> bool:
        """True if the primitive works entry by entry on whatever kind it gets."""
        return self.result is None and all(kind in (None, Kind.GLOBAL) for kind in self.params)

    def bind(self, kinds: tuple[Kind, ...]) -> Bound:
        """Kinds that the arguments are lifted to, and the kind of the result; SignatureMismatch if
        they do not fit."""
        bound = self._bound.get(kinds)
        if bound is None:
            bound = self._bound[kinds] = _bind(self, kinds)
        return bound

    def __str__(self) -> str:
        words = [str(kind or VARIABLE) for kind in (*self.params, self.result)]
        return f"{', '.join(words[:-1])} -> {words[-1]}".lstrip()


def _kind(word: str) -> Kind | None:
    if word != VARIABLE and word not in KINDS:
        raise ValueError(f"'{word}' is no kind")
    return None if word == VARIABLE else KINDS[word]


def _bind(signature: Signature, kinds: tuple[Kind, ...]) -> Bound:
    if len(kinds) != len(signature.params):
        raise SignatureMismatch(None, None)
    free = _common(signature, kinds)
    length = next((kind.length for kind in kinds if kind.length is not None), None)
    wanted = tuple((param or free).of(length) for param in signature.params)
    for position, (kind, want) in enumerate(zip(kinds, wanted, strict=True)):
        if want.sized or not lifts(kind, want):
            raise SignatureMismatch(position, want)
    return wanted, (signature.result or free).of(length)


def _common(signature: Signature, kinds: tuple[Kind, ...]) -> Kind:
    """The kind that `K` stands for; a Global where there is no such argument."""
    free = None
    for position, (kind, param) in enumerate(zip(kinds, signature.params, strict=True)):
        if param is None:
            both = kind if free is None else join(free, kind)
            if both is None:
                raise SignatureMismatch(position, free)
            free = both
    return free or Kind.GLOBAL
