"""Lines of an emitted file, split as ruff would split them, and the names that they use.

A line is written from the syntax tree of what it computes, so `Code` knows the names that a block
uses when the block is complete: what to import, what to read first.
"""

import ast
from collections.abc import Collection
from dataclasses import dataclass, field

from dsl.export.expressions import names_in, show

WIDTH = 100
"""The longest line of an emitted file."""


def layout(indent: int, before: str, parts: list[str], after: str) -> list[str]:
    """`before` + parts + `after` in one line, or split inside the brackets as ruff splits."""
    pad = " " * indent
    line = f"{pad}{before}{', '.join(parts)}{after}"
    if len(line) <= WIDTH or not parts:
        return [line]
    inner = f"{pad}    {', '.join(parts)}"
    if len(inner) <= WIDTH:
        return [pad + before, inner, pad + after]
    return [pad + before, *(f"{pad}    {part}," for part in parts), pad + after]


def function_head(indent: int, label: str, params: list[str], returns: str) -> list[str]:
    """`def label(params) -> returns:`; ruff leaves a comma after a lone parameter it moves."""
    lines = layout(indent, f"def {label}(", params, f") -> {returns}:")
    if len(params) == 1 and len(lines) == 3:
        lines[1] += ","
    return lines


def refusal(indent: int, error: str, message: str) -> list[str]:
    """`raise error(message)`, the message in as many strings as it takes lines."""
    parts, room = [""], WIDTH - indent - len('    ""')
    for word in message.split(" "):
        if len(parts[-1]) + len(word) > room - 1:
            parts.append("")
        parts[-1] += f"{word} "
    parts[-1] = parts[-1].removesuffix(" ")
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

    def text(self, node: ast.expr, bound: Collection[str] = ()) -> str:
        """The text of an expression, whose names are noted as used, those in `bound` aside."""
        self.uses.update(dict.fromkeys(name for name in names_in(node) if name not in bound))
        return show(node)

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
        line = f"{before}{self.text(node)}{after}"
        if self.indent + len(line) <= WIDTH:
            self.write(line)
        elif isinstance(node, ast.Call) and (node.args or node.keywords):
            parts = [self._part(arg) for arg in node.args]
            parts += [f"{keyword.arg}={show(keyword.value)}" for keyword in node.keywords]
            self.lines += layout(self.indent, f"{before}{show(node.func)}(", parts, f"){after}")
        else:
            pad = " " * self.indent
            self.lines += [f"{pad}{before}(", f"{pad}    {show(node)}", f"{pad}){after}"]

    def _part(self, arg: ast.expr) -> str:
        """An argument on a line of its own; the body of a long lambda in brackets."""
        text, pad = show(arg), " " * (self.indent + 4)
        if not isinstance(arg, ast.Lambda) or len(f"{pad}{text},") <= WIDTH:
            return text
        params = ", ".join(param.arg for param in arg.args.args)
        return f"lambda {params}: (\n{pad}    {show(arg.body)}\n{pad})"

    def comprehend(self, label: str, made: ast.expr, entries: dict[str, str]) -> None:
        """`label = [made for variables in zip(lists)]`; `entries` has the list of each variable."""
        pad, text = " " * self.indent, self.text(made, bound=entries)
        self.uses.update(dict.fromkeys(entries.values()))
        variables, lists = ", ".join(entries), list(entries.values())
        loop = [f"{pad}    for {variables} in {lists[0]}"]
        if len(lists) > 1:
            before = f"for {variables} in zip("
            loop = layout(self.indent + 4, before, [*lists, "strict=True"], ")")
        if len(loop) == 1:
            whole = f"{text} {loop[0].strip()}"
            if self.indent + len(f"{label} = [{whole}]") <= WIDTH:
                return self.write(f"{label} = [{whole}]")
            if self.indent + 4 + len(whole) <= WIDTH:
                loop, text = [], whole
        self.lines += [f"{pad}{label} = [", f"{pad}    {text}", *loop, f"{pad}]"]

    def choose(self, label: str, test: ast.expr, branches: "list[tuple[Code, ast.expr]]") -> None:
        """`label` assigned the value of one of two blocks; one line where that is all it takes."""
        (first, new), (second, old) = branches
        if not first.lines and not second.lines:
            whole = ast.IfExp(test, new, old)
            if self.indent + len(f"{label} = {show(whole)}") <= WIDTH:
                return self.assign(label, whole)
        self.put("if ", test, ":")
        for at, (block, value) in enumerate(branches):
            block.assign(label, value)
            self.lines += block.lines
            if at == 0:
                self.write("else:")
