"""Every error a user of the language can meet: the place, what was met, what to try."""

import difflib
import heapq
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

PRIMITIVE = "primitive"
"""The sort of declaration that programs are made of."""
_EXCERPT = 90
_CALLS = 4
"""The most calls of helpers that an error tells of."""
_CLOSE = 0.5
"""The least likeness of a name that is proposed in the place of another, of 0 to 1."""
_LISTED, _NEAREST = 12, 5
"""The most names that an error lists, and how many it lists of more than that."""


class DslError(ValueError):
    """A program that is not one of the language.

    `line` and `column` are 1-based positions in the text (None when the program did not come from
    text), `excerpt` the offending line with a marker below it, `help` what to try. `called` says
    of a helper rule which calls led there, the innermost first. `str(error)` holds all of them.
    `docstring_line` counts from 0, where a docstring is at fault that is not placed in a text yet.
    """

    def __init__(
        self,
        message: str,
        *,
        help: str | None = None,
        line: int | None = None,
        column: int | None = None,
        end_column: int | None = None,
        excerpt: str | None = None,
        program: str | None = None,
    ):
        super().__init__(message)
        self.message = message
        self.help = help
        self.line = line
        self.column = column
        self.end_column = end_column
        self.excerpt = excerpt
        self.program = program
        self.called: tuple[str, ...] = ()
        self.docstring_line: int | None = None

    def located(
        self, source: list[str], program: str | None, line: int, column: int, end: int
    ) -> "DslError":
        """This error with its place in `source` filled in, unless it has one already."""
        self.program = self.program or program
        if self.line is None:
            self.line, self.column, self.end_column = line, column, max(end, column + 1)
            text = source[line - 1] if 0 < line <= len(source) else ""
            self.excerpt = _excerpt(text, column - 1, self.end_column - column)
        return self

    def __str__(self) -> str:
        place = f" in {self.program}" if self.program else ""
        if self.line is not None:
            place += f", line {self.line}" if place else f" in line {self.line}"
            place += f", column {self.column}"
        parts = [f"{type(self).__name__}{place}: {self.message}"]
        if self.excerpt:
            parts.append(self.excerpt)
        parts += [f"called in {call}" for call in self.called[:_CALLS]]
        if self.help:
            parts.append(f"help: {self.help}")
        return "\n".join(parts)


def _excerpt(text: str, start: int, width: int) -> str:
    """The line with a marker below it; only the part around the place if the line is long."""
    margin = len(text) - len(text.lstrip())
    if len(text.strip()) > _EXCERPT:
        margin = max(margin, min(start - 10, len(text) - _EXCERPT))
    shown = "".join(c if c.isprintable() else " " for c in text[margin : margin + _EXCERPT])
    start = max(start - margin, 0)
    width = max(min(width, len(shown.rstrip()) - start), 1)
    return f"    {shown.rstrip()}\n    {' ' * start}{'^' * width}"


class FormError(DslError):
    """The text is not a program: not Python syntax, or a construct the language does not have."""


class UnknownName(DslError):
    """A name that is not bound where it is read, or a primitive or initialiser nobody declared."""


class KindError(DslError):
    """A value of one kind where another is wanted, or the wrong number of arguments."""


class ExportError(DslError):
    """A program that the chosen host cannot express."""


class PluginError(Exception):
    """A plug-in that cannot be loaded, or that is missing; `help` says what to try.

    `exit_status` is that of the command line.
    """

    exit_status = 2

    def __init__(self, message: str, *, help: str | None = None):
        super().__init__(f"{message}\nhelp: {help}" if help else message)
        self.message = message
        self.help = help

    def __reduce__(self) -> Any:
        """The error as another process makes it again, whatever the arguments of its class."""
        return _again, (type(self), self.args, self.__dict__)


class DeclaresNothing(PluginError):
    """A file or module that can be loaded, and is no plug-in."""


class Declared(NamedTuple):
    """A declaration by its sort and name: `the primitive 'soft_sign'`."""

    sort: str
    name: str

    def __str__(self) -> str:
        return f"the {self.sort} '{self.name}'"


class PluginFails(PluginError):
    """Code of a plug-in that raised an error when it was called; the message begins with its file
    and line, and `declared` is the declaration that it is part of, if it is part of one."""

    exit_status = 1

    def __init__(self, message: str, declared: Declared | None = None, *, help: str | None = None):
        super().__init__(message, help=help)
        self.declared = declared

    @property
    def primitive(self) -> str | None:
        """The name of the primitive that failed, if it was one."""
        return self.declared.name if self.declared and self.declared.sort == PRIMITIVE else None


def _again(error: type[PluginError], args: tuple[Any, ...], held: dict[str, Any]) -> PluginError:
    made = error.__new__(error, *args)
    vars(made).update(held)
    return made


def counted(count: int, noun: str) -> str:
    """`1 argument`, `2 arguments`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def nearest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate most like `name`; None if no candidate is close."""
    found = _by_likeness(name, candidates, 1)
    return found[0][1] if found and found[0][0] >= _CLOSE else None


def listed(name: str, candidates: Collection[str]) -> str:
    """The candidates for a help line, `the names are a, b`: of more than a dozen the five that are
    most like `name`."""
    if len(candidates) <= _LISTED:
        return f"the names are {', '.join(sorted(candidates))}"
    few = ", ".join(found for _, found in _by_likeness(name, candidates, _NEAREST))
    return f"the nearest of {len(candidates)} names are {few}"


def _by_likeness(name: str, candidates: Iterable[str], count: int) -> list[tuple[float, str]]:
    """The candidates most like `name`, whatever the case of letters, and how much each is like it,
    0 to 1."""
    matcher = difflib.SequenceMatcher()
    matcher.set_seq2(name.casefold())
    found = []
    for candidate in candidates:
        matcher.set_seq1(candidate.casefold())
        found.append((matcher.ratio(), candidate))
    return heapq.nlargest(count, found)


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the nearest candidate, else an empty string."""
    match = nearest(name, candidates)
    return f"; did you mean '{match}'?" if match else ""
