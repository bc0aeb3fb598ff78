"""The words of the language for use in traced functions: `from dsl.ops import sign, zeros`.

Every primitive is here under its own name, and every initialiser; both are made from the
registries, so a new declaration is here at once.
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


_words: dict[str, Any] = {op: _caller(op) for op in PRIMITIVES}
_words.update(
    {
        name: Init(name) if rule.arity == 0 else _Unfinished(name)
        for name, rule in INITIALISERS.items()
    }
)
globals().update(_words)
__all__ = sorted(_words)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    raise AttributeError(f"the language has no word '{name}'")
