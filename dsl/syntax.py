"""The syntax tree of Python text, one thread at a time.

Python 3.11 counts the depth of a tree that it builds in one number for all threads, so that two
that build trees at once, as two studies do, can fail with a SystemError.
"""

import ast
from threading import RLock

_building = RLock()


def syntax_tree(text: str) -> ast.Module:
    """The tree of statements. **Raises:** SyntaxError, ValueError, as `ast.parse` does."""
    with _building:
        return ast.parse(text)


def expression_tree(text: str) -> ast.expr:
    """The tree of one expression. **Raises:** the same."""
    with _building:
        return ast.parse(text, mode="eval").body
