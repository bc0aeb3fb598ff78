"""State as text: plain data in which programs may stand, and those that were told by number alone.

What is written of a program is enough to go on as if it had never been written: the names of its
local values too, which its text says only in part.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from dsl.program import Program
from dsl.program.parse import parse

_NUMBER, _TEXT, _NAMES = "candidate", "program", "names"


def to_text(data: Any, number_of: Callable[[Program], int | None]) -> str:
    """Numbers, texts, None, sequences, mappings with texts for keys, and programs, as text.

    **Arguments:** `number_of`: the number of the earlier candidate that a program is, else None.
    """

    def plain(value: Any) -> Any:
        if not isinstance(value, Program):
            raise TypeError(f"{type(value).__name__} is neither plain data nor a program")
        number = number_of(value)
        written = {_TEXT: str(value)} if number is None else {_NUMBER: number}
        return {**written, _NAMES: [statement.name for statement in value.statements]}

    return json.dumps(data, default=plain, separators=(",", ":"))


def from_text(text: str, candidate: Callable[[int], Program]) -> Any:
    """The data that `to_text` wrote; sequences are lists.

    **Arguments:** `candidate`: a candidate told before, by its number.
    """

    def read(found: dict[str, Any]) -> Any:
        if found.keys() == {_TEXT, _NAMES}:
            return _named(parse(found[_TEXT]), found)
        if found.keys() == {_NUMBER, _NAMES}:
            return _named(candidate(found[_NUMBER]), found)
        return found

    return json.loads(text, object_hook=read)


def _named(program: Program, found: Mapping[str, Any]) -> Program:
    pairs = zip(program.statements, found[_NAMES], strict=True)
    return replace(program, statements=tuple(replace(each, name=name) for each, name in pairs))
