"""Names that an emitted file can use."""

import keyword
import re

from dsl.program import Program


def safe(name: str, reserved: set[str] | None = None) -> str:
    """A program's name as one that a Python file can use."""
    name = name.strip("_") or "x"
    if keyword.iskeyword(name) or keyword.issoftkeyword(name) or name in (reserved or ()):
        name += "_"
    return name


def camel_case(program: Program) -> str:
    """The name of a class: the docstring's spelling of the name (`AdamW: ...`) if it has one."""
    title = re.match(r"([A-Za-z]\w*)\b", program.doc)
    plain = program.name.replace("_", "")
    if title and title[1].lower() == plain.lower() and title[1][0].isupper():
        return title[1]
    return "".join(p[:1].upper() + p[1:] for p in program.name.split("_")) or "Rule"


class Names:
    """Hands out names that nothing else in a file has."""

    def __init__(self, taken: set[str]):
        self.taken = set(taken)

    def take(self, wanted: str) -> str:
        """`wanted`, or the first of wanted_2, wanted_3, ... that is free."""
        free, count = wanted, 2
        while free in self.taken:
            free, count = f"{wanted}_{count}", count + 1
        self.taken.add(free)
        return free
