"""Places in the text of a program: errors get the line and the column where something stands."""

import ast
from collections.abc import Callable, Sequence
from typing import TypeVar

from dsl.errors import DslError

T = TypeVar("T")


class Places:
    """The lines of a text; `function` is what errors call the function that is being read."""

    def __init__(self, source: Sequence[str]):
        self.source = list(source)
        self.function: str | None = None

    def at(self, node: ast.AST, error: DslError) -> DslError:
        """`error` with the place of `node`, unless it has one."""
        line = getattr(node, "lineno", 1)
        text = self.source[line - 1] if line <= len(self.source) else ""
        column = _characters(text, getattr(node, "col_offset", 0))
        end = _characters(text, getattr(node, "end_col_offset", None) or 0)
        if getattr(node, "end_lineno", line) != line:
            end = len(text)
        return error.located(self.source, self.function, line, column + 1, end + 1)

    def guard(self, node: ast.AST, action: Callable[[], T]) -> T:
        """The result of `action`; what it raises gets the place of `node`."""
        try:
            return action()
        except DslError as error:
            raise self.at(node, error) from None


def _characters(text: str, offset: int) -> int:
    """A byte offset into `text` as a number of characters."""
    return len(text.encode()[:offset].decode(errors="ignore"))
