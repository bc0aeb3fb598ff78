"""Paragraphs, tables, lists and code in Markdown: of cards, and of generated pages."""

import textwrap
from collections.abc import Iterable, Mapping, Sequence

_WIDTH = 100


def prose(text: str) -> list[str]:
    """Lines of a paragraph."""
    return textwrap.wrap(
        " ".join(text.split()), _WIDTH, break_long_words=False, break_on_hyphens=False
    )


def table_lines(head: Sequence[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """Lines of a table; `|` in a cell is no border."""
    first, *others = [f"| {' | '.join(map(_cell, line))} |" for line in (head, *rows)]
    return [first, "|" + "---|" * len(head), *others]


def table(head: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    """The text of a table, every line ended."""
    return "".join(f"{line}\n" for line in table_lines(head, rows))


def _cell(text: str) -> str:
    return text.replace("\n", " ").replace("|", "\\|")


def items(meanings: Mapping[str, str]) -> str:
    """A list of words and what they mean."""
    return "\n".join(f"* {word}: {meaning}" for word, meaning in meanings.items())


def code(text: str, language: str = "text") -> str:
    """Text as it is laid out."""
    return f"```{language}\n{text.rstrip()}\n```\n"
