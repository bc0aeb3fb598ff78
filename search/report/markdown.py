"""Paragraphs and tables in Markdown."""

import textwrap
from collections.abc import Iterable, Sequence

_WIDTH = 100


def prose(text: str) -> list[str]:
    """Lines of a paragraph."""
    return textwrap.wrap(
        " ".join(text.split()), _WIDTH, break_long_words=False, break_on_hyphens=False
    )


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table; no cell holds a bar that is not escaped."""
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return lines + [f"| {' | '.join(row)} |" for row in rows]
