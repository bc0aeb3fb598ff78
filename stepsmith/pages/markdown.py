"""Tables, lists and code in Markdown."""

from collections.abc import Iterable, Mapping


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table; `|` in a cell is no border."""
    lines = [tuple(head), *map(tuple, rows)]
    lines.insert(1, ("---",) * len(lines[0]))
    return "".join(f"| {' | '.join(map(_cell, line))} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("\n", " ").replace("|", "\\|")


def items(meanings: Mapping[str, str]) -> str:
    """A list of words and what they mean."""
    return "\n".join(f"* {word}: {meaning}" for word, meaning in meanings.items())


def code(text: str, language: str = "text") -> str:
    """Text as it is laid out."""
    return f"```{language}\n{text.rstrip()}\n```\n"
