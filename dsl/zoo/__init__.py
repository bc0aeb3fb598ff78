"""Known optimizers as programs: `ZOO[name]` is the program, `ENTRIES[name]` what is known about it.

One folder per group, one file per optimizer or family; importing the package registers all of them.
"""

from collections.abc import Mapping
from types import MappingProxyType

from dsl.declare import import_all
from dsl.program import Program
from dsl.zoo.entry import ENTRIES

import_all(__name__)

ZOO: Mapping[str, Program] = MappingProxyType(
    {name: entry.program for name, entry in ENTRIES.items()}
)

__all__ = ["ENTRIES", "ZOO"]
