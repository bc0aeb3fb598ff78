"""The hyperparameters that a docstring states: what each means, and where it may lie.

    Hyperparameters:
        b1 (0 to 1): decay of the average
        k (1 or more, whole): steps from one reset to the next
        lr: learning rate

The section ends with the docstring, or at a line that is not indented. A range is optional, and so
is a meaning that goes on in lines that are indented further. Whatever is none of this is an error.
"""

import inspect
import math
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from dsl.errors import DslError, FormError, UnknownName, did_you_mean
from dsl.language.hyperparameters import Hyper
from dsl.language.numbers import format_number

SECTION = "Hyperparameters:"
_ENTRY = re.compile(r"(\w+)\s*(?:\(([^()]*)\))?\s*:\s*(\S.*)")
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_BETWEEN = re.compile(rf"({_NUMBER})\s+to\s+({_NUMBER})")
_ABOVE = re.compile(rf"({_NUMBER})\s+or\s+more")
_BELOW = re.compile(rf"({_NUMBER})\s+or\s+less")
_FORM = "write `name: meaning` or `name (0 to 1): meaning`, one a line, indented"
_RANGES = "a range is `0 to 1`, `0 or more` or `1 or less`, and `whole` says that it counts"
_WIDTH, _INDENT = 92, "    "


class Section(NamedTuple):
    """A docstring without its section, and the lines of the section with their numbers from 0."""

    doc: str
    lines: list[tuple[int, str]]


def stated(doc: str, defaults: Mapping[str, float]) -> tuple[str, dict[str, Hyper]]:
    """A docstring without what it states of hyperparameters, and that.

    **Arguments:** `defaults`: the hyperparameters that there are.
    **Raises:** FormError or UnknownName; its `docstring_line` is that of the docstring, from 0.
    """
    found = _section(doc) if SECTION in doc else None
    if found is None:
        return doc, {}
    meanings: dict[str, Hyper] = {}
    if not found.lines:
        raise FormError(f"nothing is stated below `{SECTION}`", help=_FORM)
    for at, text in _entries(found.lines):
        try:
            name, hyper = _entry(text)
            _check(name, hyper, defaults, meanings)
        except DslError as error:
            error.docstring_line = at
            raise
        meanings[name] = hyper
    return found.doc, meanings


def section(meanings: Mapping[str, Hyper]) -> str:
    """The section that states these; empty for none."""
    if not meanings:
        return ""
    lines = [SECTION]
    for name, hyper in meanings.items():
        range = range_text(hyper)
        entry = f"{name} ({range}): {hyper.meaning}" if range else f"{name}: {hyper.meaning}"
        lines += textwrap.wrap(
            entry,
            _WIDTH,
            initial_indent=_INDENT,
            subsequent_indent=2 * _INDENT,
            break_long_words=False,
            break_on_hyphens=False,
        )
    return "\n".join(lines)


def range_text(hyper: Hyper) -> str:
    """`0 to 1`, `1 or more, whole`; empty where everything is allowed."""
    low, high = map(math.isfinite, (hyper.low, hyper.high))
    least = format_number(hyper.low) if low else ""
    most = format_number(hyper.high) if high else ""
    words = f"{least} to {most}" if low and high else f"{least} or more" if low else ""
    words = words or (f"{most} or less" if high else "")
    return ", ".join(filter(None, (words, "whole" if hyper.whole else "")))


def check_within(name: str, value: float, hyper: Hyper, said: str = "the rule states") -> None:
    """FormError in a sentence if a value of a hyperparameter is not one of those stated."""
    if not hyper.holds(value):
        raise FormError(
            f"{name}={format_number(value)} is out of range: {said} {range_text(hyper)}",
            help=f"{name}: {hyper.meaning}",
        )


def _section(doc: str) -> Section | None:
    """The section of a docstring; None if it has none."""
    lines = inspect.cleandoc(doc).split("\n")
    if SECTION not in (line.rstrip() for line in lines):
        return None
    first = [line.rstrip() for line in lines].index(SECTION)
    end = first + 1 if first else len(lines)  # below a first line no indentation is left
    while end < len(lines) and (not lines[end].strip() or lines[end].startswith(" ")):
        end += 1
    inside = [(at, lines[at]) for at in range(first + 1, end) if lines[at].strip()]
    rest = "\n".join([*lines[:first], *lines[end:]]).strip()
    return Section(rest, inside)


def _entries(lines: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """The entries of a section, each in one line."""
    margin = len(lines[0][1]) - len(lines[0][1].lstrip())
    begun: list[str] = []
    start = lines[0][0]
    for at, line in lines:
        if begun and len(line) - len(line.lstrip()) > margin:
            begun.append(line.strip())
            continue
        if begun:
            yield start, " ".join(begun)
        start, begun = at, [line.strip()]
    yield start, " ".join(begun)


def _entry(text: str) -> tuple[str, Hyper]:
    match = _ENTRY.fullmatch(text)
    if match is None:
        raise FormError(f"'{text}' states no hyperparameter", help=_FORM)
    name, range, meaning = match[1], match[2], " ".join(match[3].split())
    low, high, whole = -math.inf, math.inf, False
    for part in (part.strip() for part in range.split(",")) if range is not None else ():
        if part == "whole":
            whole = True
        elif between := _BETWEEN.fullmatch(part):
            low, high = float(between[1]), float(between[2])
        elif above := _ABOVE.fullmatch(part):
            low = float(above[1])
        elif below := _BELOW.fullmatch(part):
            high = float(below[1])
        else:
            raise FormError(f"'{part}' is no range of '{name}'", help=_RANGES)
    if low > high:
        raise FormError(f"no number is {range}, as '{name}' would have to be", help=_RANGES)
    return name, Hyper(meaning, low, high, whole)


def _check(
    name: str, hyper: Hyper, defaults: Mapping[str, float], meanings: Mapping[str, Hyper]
) -> None:
    """UnknownName or FormError unless the rule has the hyperparameter, with such a default."""
    if name not in defaults:
        raise UnknownName(
            f"the docstring states '{name}', which is no hyperparameter"
            f"{did_you_mean(name, defaults)}",
            help=f"they stand behind the `*`: {', '.join(defaults) or 'none here'}",
        )
    if name in meanings:
        raise FormError(f"the docstring states '{name}' twice")
    check_within(name, defaults[name], hyper)
