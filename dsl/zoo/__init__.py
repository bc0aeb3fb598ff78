"""Known optimizers as programs: `ZOO[name]` is the program, `ENTRIES[name]` what is known about it.

One file per optimizer or family, one folder per group:

    plain/        gradient descent: with momentum, clipped, normalized, signed
    adaptive/     a rate for each entry, from its own gradients
    structure/    tensors seen as matrices: factors, rotations, low rank, signs and other norms
    curvature/    second derivatives of the loss
    loss_aware/   steps sized by the loss
    points/       gradients and losses at other points
    rate_free/    learning rates that need no tuning
    wrappers/     rules made from others by `dsl.combine`
    entry         what is stated of every rule, and how it is checked

Importing the package registers all of them by name; a rule is traced when its program is read.
"""

from collections.abc import Iterator, Mapping

from dsl.declare import import_all
from dsl.program import Program
from dsl.zoo.entry import ENTRIES

import_all(__name__)


class _Programs(Mapping[str, Program]):
    """The programs of the entries by name, in the order of names."""

    def __getitem__(self, name: str) -> Program:
        return ENTRIES[name].program

    def __contains__(self, name: object) -> bool:
        return name in ENTRIES

    def __iter__(self) -> Iterator[str]:
        return iter(ENTRIES)

    def __len__(self) -> int:
        return len(ENTRIES)


ZOO: Mapping[str, Program] = _Programs()

GROUPS: Mapping[str, tuple[str, ...]] = {
    group: tuple(name for name, entry in ENTRIES.items() if entry.group == group)
    for group in sorted({entry.group for entry in ENTRIES.values()})
}
"""The names of rules by the folder that they are declared in."""

__all__ = ["ENTRIES", "GROUPS", "ZOO"]
