"""Registries: what is declared once under a name, and listed in the order of names.

The order of a registry never depends on file names or on which module was imported first, so
whatever is drawn, listed, encoded or applied in that order stays the same when code moves.
"""

import importlib
import pkgutil
from typing import TypeVar

T = TypeVar("T")


class Registry(dict[str, T]):
    """Declarations by name, iterated in the order of names.

    `noun` is the word for one of them in messages.
    """

    def __init__(self, noun: str):
        super().__init__()
        self.noun = noun

    def declare(self, name: str, declaration: T) -> T:
        """Add a declaration and return it; ValueError if the name is taken."""
        if name in self:
            raise ValueError(f"{self.noun} '{name}' is declared twice")
        self[name] = declaration
        in_order = sorted(self.items())
        self.clear()
        self.update(in_order)
        return declaration


def import_all(package: str) -> None:
    """Import every module below a package whose own name has no leading underscore.

    That is how declarations come to be known: a new file in the package is all that it takes.
    """
    for found in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        if not found.name.rpartition(".")[2].startswith("_"):
            importlib.import_module(found.name)
