"""The keys that may change when a run is resumed: each is marked where it is declared."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from evaluators.files.config_file import section_of


@dataclass(frozen=True)
class Changeable:
    """The mark of a key that may change when a run is resumed; one without it may not.

    `grows`: it decides where the search ends, and may become larger, or nothing, which is no limit.
    Any other marked key decides nothing about what is found and may become anything; with `without`
    only while that key of its section, or the marked key itself, is 0 or nothing.
    """

    grows: bool = False
    without: str | None = None

    def allows(self, old: Any, new: Any) -> bool:
        """True if a run that began with `old` may go on with `new`, where the key is compared."""
        return self.grows and (new is None or (old is not None and old < new))


FREE, GROWS = Changeable(), Changeable(grows=True)


def marks(model: type[BaseModel], path: str = "") -> Iterator[tuple[str, Changeable]]:
    """The marked keys of a config and its sections, by dotted path, in the order of declaration."""
    for name, field in model.model_fields.items():
        key = f"{path}.{name}".lstrip(".")
        yield from ((key, mark) for mark in field.metadata if isinstance(mark, Changeable))
        inner = section_of(field.annotation)
        if inner is not None:
            yield from marks(inner, key)


def drop_free(model: type[BaseModel], plain: dict[str, Any]) -> None:
    """Take the keys that decide nothing out of the plain data of a config."""
    for path, mark in marks(model):
        *above, last = path.split(".")
        section: Any = plain
        for key in above:
            section = section.get(key) or {}
        if mark.grows or (mark.without and section.get(mark.without) and section.get(last)):
            continue
        section.pop(last, None)


def may_change(model: type[BaseModel], quote: str = "") -> str:
    """The changes that are allowed, to end a sentence: "change a, b and, without c, d, and raise e
    and f"; keys of the whole campaign first, each between two `quote`."""
    found = sorted(marks(model), key=lambda each: each[0].count("."))

    def quoted(path: str) -> str:
        return f"{quote}{path}{quote}"

    text = ", ".join(quoted(path) for path, mark in found if not (mark.grows or mark.without))
    for path, mark in found:
        if mark.without:
            other = f"{path.rpartition('.')[0]}.{mark.without}"
            text += f" and, without {quoted(other)}, {quoted(path)}"
    *most, last = [quoted(path) for path, mark in found if mark.grows]
    return f"change {text}, and raise {', '.join(most)} and {last}"
