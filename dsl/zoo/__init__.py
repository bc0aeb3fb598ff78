"""Known optimizers as programs: `ZOO[name]` is the program, `ENTRIES[name]` what is known about it.

One folder per group, one file per optimizer or family; importing the package registers all of them.
"""

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

from dsl.program import Program
from dsl.zoo.entry import ENTRIES

for _module in sorted(module.name for module in pkgutil.walk_packages(__path__, f"{__name__}.")):
    importlib.import_module(_module)

ZOO: Mapping[str, Program] = MappingProxyType(
    {name: entry.program for name, entry in sorted(ENTRIES.items())}
)

__all__ = ["ENTRIES", "ZOO"]
