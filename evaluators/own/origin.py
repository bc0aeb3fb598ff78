"""The place of a task in the file of its author, so that an error can name the line."""

import ast
import functools
import linecache
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType
from typing import Any, NamedTuple, NoReturn

from dsl.declare import is_ours
from dsl.plugins import compiled_advice, first_sentence, quietly
from dsl.syntax import syntax_tree
from evaluators.errors import TaskFault

_GLOBAL = ("np.random", "numpy.random")
"""Modules whose functions draw from a generator that all of numpy shares."""
_OWN_GENERATORS = {"default_rng", "Generator", "RandomState", "PCG64", "SeedSequence"}


NAMES = "names are of lower-case letters, digits and _"
"""The cure of a name that no task may have."""


def is_task_name(name: object) -> bool:
    """True for what a task of a user's own may be called."""
    return isinstance(name, str) and re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name) is not None


class Origin(NamedTuple):
    """The call that declared a task: its file and its line (from 1)."""

    file: Path
    line: int

    @staticmethod
    def of_caller() -> "Origin":
        """The innermost place that is not of this project, nor of what wraps its functions."""
        frame = sys._getframe(1)
        while frame.f_back is not None and _is_between(frame.f_globals.get("__name__", "")):
            frame = frame.f_back
        return Origin(Path(frame.f_code.co_filename), frame.f_lineno)

    def fault(
        self, argument: str | None, met: str, help: str | None = None, at: Any = None
    ) -> NoReturn:
        """Raise a TaskFault at a function of the file (or a line of it), at an argument of the
        call, or at the call: the first of these that there is."""
        line = self._line_of(at) or (self._argument(argument) if argument else None)
        raise TaskFault(str(self.file), line or self.line, met, help=help)

    @contextmanager
    def calling(self, argument: str, function: Any = None) -> Iterator[None]:
        """Run code of the user: what it raises becomes a TaskFault at the line of the file that
        it came from, and what it prints goes to stderr, since stdout is for data."""
        try:
            with quietly():
                yield
        except (TaskFault, KeyboardInterrupt):
            raise
        except MemoryError:
            self.fault(argument, f"`{argument}` asks for more memory than there is", at=function)
        except Exception as error:
            if "RESOURCE_EXHAUSTED" in str(error):
                self.fault(
                    argument, f"`{argument}` asks for more memory than there is", at=function
                )
            line = self._line_in(error) or self._line_of(function) or self._argument(argument)
            met = f"`{argument}` fails with {type(error).__name__}: {first_sentence(error)}"
            raise TaskFault(
                str(self.file), line or self.line, met, help=compiled_advice(error)
            ) from error

    def line_of_global_draw(self, function: Any) -> int | None:
        """The line in a function, or else in the file, that draws from `np.random`."""
        code = _code(function)
        first = code.co_firstlineno if code is not None and self._is_mine(code) else 1
        lines = sorted(
            node.lineno
            for node in ast.walk(self._tree())
            if isinstance(node, ast.Call)
            if _draws_globally(node)
        )
        return next((line for line in lines if line >= first), lines[0] if lines else None)

    def _argument(self, name: str) -> int | None:
        """The line of an argument of the call."""
        for node in ast.walk(self._tree()):
            if isinstance(node, ast.Call) and node.lineno <= self.line <= (node.end_lineno or 0):
                for keyword in node.keywords:
                    if keyword.arg == name:
                        return keyword.value.lineno
        return None

    def _line_of(self, function: Any) -> int | None:
        if isinstance(function, int):
            return function
        code = _code(function)
        return code.co_firstlineno if code is not None and self._is_mine(code) else None

    def _line_in(self, error: BaseException) -> int | None:
        """The line of the file that an error passed last."""
        frames = traceback.extract_tb(error.__traceback__)
        mine = [frame.lineno for frame in frames if Path(frame.filename) == self.file]
        return mine[-1] if mine else None

    def _is_mine(self, code: CodeType) -> bool:
        return Path(code.co_filename) == self.file

    def _tree(self) -> ast.Module:
        return _parsed("".join(linecache.getlines(str(self.file))))


def _is_between(module: str) -> bool:
    return is_ours(module) or module.partition(".")[0] == "jaxtyping"


@functools.cache
def _parsed(text: str) -> ast.Module:
    """The syntax of a file by its text; a module without lines where it is none."""
    try:
        return syntax_tree(text)
    except (ValueError, SyntaxError):
        return ast.Module([], [])


def _code(function: Any) -> CodeType | None:
    """The code of a function, whatever it is wrapped in."""
    while not hasattr(function, "__code__"):
        inner = getattr(function, "__wrapped__", None) or getattr(function, "func", None)
        if inner is None:
            return None
        function = inner
    return function.__code__


def _draws_globally(call: ast.Call) -> bool:
    if not isinstance(call.func, ast.Attribute) or call.func.attr in _OWN_GENERATORS:
        return False
    return ast.unparse(call.func.value) in _GLOBAL
