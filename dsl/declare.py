"""Registries: what is declared once under a name, and listed in the order of names.

The order of a registry never depends on file names or on which module was imported first, so
whatever is drawn, listed, encoded or applied in that order stays the same when code moves.
"""

import importlib
import pkgutil
import sys
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

T = TypeVar("T")
CacheT = TypeVar("CacheT", bound=Callable[..., Any])

OURS = ("dsl", "evaluators", "search", "stepsmith")
"""The packages whose declarations are Stepsmith's; all others are of a plug-in."""


class NameTaken(ValueError):
    """A declaration under a name that another one of its sort has.

    `place` is the module that declared the other one.
    """

    def __init__(self, noun: str, name: str, place: str):
        super().__init__(f"{noun} '{name}' is declared twice")
        self.noun = noun
        self.name = name
        self.place = place


class Registry(dict[str, T]):
    """Declarations by name, iterated in the order of names.

    `noun` is the word for one of them in messages, `places` has the module that declared each.
    """

    every: "ClassVar[list[Registry[Any]]]" = []
    """All registries."""

    def __init__(self, noun: str):
        super().__init__()
        self.noun = noun
        self.places: dict[str, str] = {}
        Registry.every.append(self)

    def declare(self, name: str, declaration: T) -> T:
        """Add a declaration and return it; NameTaken if the name is."""
        if name in self:
            raise NameTaken(self.noun, name, self.places[name])
        self[name] = declaration
        self.places[name] = _declaring_module()
        in_order = sorted(self.items())
        self.clear()
        self.update(in_order)
        _forget()
        return declaration

    def __delitem__(self, name: str) -> None:
        """Take a declaration back."""
        super().__delitem__(name)
        del self.places[name]
        _forget()


_CACHES: list[Any] = []


def until_declared(cached: CacheT) -> CacheT:
    """Let a `functools` cache forget its values when something is declared: for one whose values
    depend on all declarations."""
    _CACHES.append(cached)
    return cached


def _forget() -> None:
    for cached in _CACHES:
        cached.cache_clear()


def _declaring_module() -> str:
    """The name of the module that is being executed, the innermost one; empty if none is."""
    frame = sys._getframe(2)
    while frame is not None and frame.f_code.co_name != "<module>":
        frame = frame.f_back
    return "" if frame is None else frame.f_globals.get("__name__", "")


def is_ours(module: str) -> bool:
    """True for a module of Stepsmith."""
    return module.partition(".")[0] in OURS


def import_all(package: str) -> None:
    """Import every module below a package whose own name has no leading underscore.

    That is how declarations come to be known: a new file in the package is all that it takes.
    """
    for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if not found.name.rpartition(".")[2].startswith("_"):
            importlib.import_module(found.name)
