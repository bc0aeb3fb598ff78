"""A plug-in as plain data, and those that this process has loaded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

HINT = "what a plug-in brings is known with --plugin FILE"
"""The end of a help line about a name that nobody declared."""


@dataclass(frozen=True)
class Plugin:
    """A plug-in that was loaded; plain data that can be sent to another process, which loads the
    same one from it (`load_again`)."""

    name: str
    """The path of the file or the name of the module, as the user gave it."""
    module: str
    """The name of the module that it is in this process."""
    checksum: str
    """Hex digest of its source."""
    brings: tuple[tuple[str, str], ...]
    """The sort and the name of all that it declares: `("primitive", "soft_sign")`."""
    source: str | None
    """The text of a file; None for a module, which the other process has to find."""
    root: str = ""
    """The folder in which a module was found."""

    def names(self, sort: str) -> tuple[str, ...]:
        """The names of a sort that it declares."""
        return tuple(name for noun, name in self.brings if noun == sort)

    def to_json(self) -> dict[str, Any]:
        """Plain data for a record: name, checksum and what it declares."""
        return {"name": self.name, "checksum": self.checksum, "brings": in_json(self.brings)}


def in_json(brings: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    """Declarations by their sort."""
    found: dict[str, list[str]] = {}
    for noun, name in brings:
        found.setdefault(noun, []).append(name)
    return found


def in_words(brings: Mapping[str, Sequence[str]]) -> str:
    """`the primitive 'a' and the strategies 'b' and 'c'`."""
    parts = [f"the {sort} '{name}'" for sort, names in brings.items() for name in names]
    *most, last = parts or ["nothing"]
    return f"{', '.join(most)} and {last}" if most else last


_LOADED: dict[str, Plugin] = {}


def loaded() -> tuple[Plugin, ...]:
    """The plug-ins of this process, in the order in which they were loaded."""
    return tuple(_LOADED.values())


def with_checksum(checksum: str) -> Plugin | None:
    """The plug-in with that checksum, if it is loaded."""
    return _LOADED.get(checksum)


def enter(plugin: Plugin) -> Plugin:
    """Note that a plug-in is loaded."""
    _LOADED[plugin.checksum] = plugin
    return plugin
