"""One name where a list of names is wanted."""

from collections.abc import Sequence
from pathlib import Path


def listed(given: str | Path | Sequence[str | Path]) -> list[str | Path]:
    """The names of a list, or of one name by itself; a text is never read by its letters."""
    return [given] if isinstance(given, str | Path) else list(given)
