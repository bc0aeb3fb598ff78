"""The words of the language for use in traced functions: `from dsl.ops import sign, zeros`.

Every primitive is here under its own name, and every initialiser. Both are looked up in the
registries when they are asked for, so a new declaration is here at once.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import dsl.primitives  # noqa: F401  (declares the primitives)
from dsl.language.initialisers import INITIALISERS, Init
from dsl.language.registry import PRIMITIVES
from dsl.program.trace import Symbol, call


def _caller(op: str) -> Callable[..., Symbol]:
    caller = partial(call, op)
    caller.__doc__ = PRIMITIVES[op].doc
    return caller


class _Unfinished(Init):
    """An initialiser that still wants its numbers: `const` in `const(1e-6)`."""

    def __post_init__(self) -> None:
        pass


def _initialiser(name: str) -> Init:
    return _Unfinished(name) if INITIALISERS[name].arity else Init(name)


def __getattr__(name: str) -> Any:
    """The word `name`; AttributeError if the language has none of that name."""
    if name in PRIMITIVES:
        return _caller(name)
    if name in INITIALISERS:
        return _initialiser(name)
    raise AttributeError(f"the language has no word '{name}'")


__all__ = sorted((*PRIMITIVES, *INITIALISERS))  # pyright: ignore[reportUnsupportedDunderAll]
