"""Lines of an emitted file, split as ruff would split them, and the names that they use.

A line is written from the syntax tree of what it computes, so `Code` knows the names that a block
uses when the block is complete: what to import, what to read first.
"""

import ast
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass, field

from dsl.export.expressions import names_in, show
from dsl.export.layout import WIDTH, layout, split
from dsl.syntax import syntax_tree


def function_head(indent: int, label: str, params: list[str], returns: str) -> list[str]:
    """`def label(params) -> returns:`; ruff leaves a comma after a lone parameter it moves."""
    lines = layout(indent, f"def {label}(", params, f") -> {returns}:")
    if len(params) == 1 and len(lines) == 3:
        lines[1] += ","
    return lines


def refusal(indent: int, error: str, message: str) -> list[str]:
    """`raise error(message)`, the message in as many strings as it takes lines."""
    room, parts = WIDTH - indent - len('    ""'), [message]
    if len(message) > room:
        parts = textwrap.wrap(message, room - 1, break_on_hyphens=False, break_long_words=False)
        parts = [f"{part} " for part in parts[:-1]] + parts[-1:]
    strings = [f'"{part}"' for part in parts]
    pad = " " * indent
    if len(strings) == 1:
        return layout(indent, f"raise {error}(", strings, ")")
    return [f"{pad}raise {error}(", *(f"{pad}    {string}" for string in strings), f"{pad})"]


@dataclass
class Code:
    """The lines of one block of a function, and the names that they use, in order.

    `opens` says that the block is all that stands below its head.
    """

    indent: int
    opens: bool = True
    lines: list[str] = field(default_factory=list)
    uses: dict[str, None] = field(default_factory=dict)

    def inner(self) -> "Code":
        """A block inside of this one, whose lines are not yet among those of this one."""
        return Code(self.indent + 4, uses=self.uses)

    def use(self, node: ast.expr) -> None:
        """Note the names of an expression as used."""
        self.uses.update(dict.fromkeys(names_in(node)))

    def write(self, line: str) -> None:
        """A line that uses no name."""
        self.lines.append(" " * self.indent + line)

    def blank(self) -> None:
        """A blank line, but at the start of a block and after another."""
        if self.lines[-1] if self.lines else not self.opens:
            self.lines.append("")

    def assign(self, label: str, node: ast.expr) -> None:
        """`label = expression`, split if it is long."""
        self.put(f"{label} = ", node)

    def put(self, before: str, node: ast.expr, after: str = "") -> None:
        """`before` + expression + `after`; what is too long is split as ruff would."""
        self.use(node)
        self.lines += split(self.indent, before, node, after)

    def unless_zero(self, name: str, block: "Code") -> None:
        """`if name != 0:` before a block."""
        self.put("if ", ast.Compare(ast.Name(name), [ast.NotEq()], [ast.Constant(0)]), ":")
        self.lines += block.lines

    def choose(self, test: ast.expr, new: "list[Choice]", old: "list[Choice]") -> None:
        """Names assigned the values of one of two blocks; one line where that is all it takes."""
        if len(new) == 1 and not new[0][0].lines and not old[0][0].lines:
            _, label, value = new[0]
            whole = ast.IfExp(test, value, old[0][2])
            if self.indent + len(f"{label} = {show(whole)}") <= WIDTH:
                return self.assign(label, whole)
        self.put("if ", test, ":")
        for branch in (new, old):
            for block, label, value in branch:
                block.assign(label, value)
                self.lines += block.lines
            if branch is new:
                self.write("else:")


Choice = tuple[Code, str, ast.expr]
"""A block, and the name and the value that are assigned after it."""


def names_used(functions: Iterable[str]) -> frozenset[str]:
    """The names in the texts of functions, by which a file knows what to import."""
    return frozenset(name for text in functions for name in names_in(syntax_tree(text)))
