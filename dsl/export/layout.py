"""Expressions in as many lines as they take, split as ruff splits them."""

import ast

from dsl.export.expressions import show

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


def split(
    indent: int, before: str, node: ast.expr, after: str = "", *, inside: bool = False
) -> list[str]:
    """`before` + expression + `after` in one line, or split inside of brackets, old or new ones.

    **Arguments:** `inside`: whether brackets of the line's own are around it already.
    """
    pad = " " * indent
    line = f"{pad}{before}{show(node)}{after}"
    if len(line) <= WIDTH:
        return [line]
    inner = indent + 4
    if (links := _chained(node)) is not None:
        if inside and not before and not after:
            return _linked(indent, links)
        alone = " " * inner + show(node)
        lines = [alone] if len(alone) <= WIDTH else _linked(inner, links)
        return [f"{pad}{before}(", *lines, f"{pad}){after}"]
    match node:
        case ast.Call(func, [ast.GeneratorExp(elt, loops)], []):
            return [f"{pad}{before}{show(func)}(", *_loops(inner, elt, loops), f"{pad}){after}"]
        case ast.ListComp(elt, loops):
            return [f"{pad}{before}[", *_loops(inner, elt, loops), f"{pad}]{after}"]
        case ast.Call(func, args, keywords) if args or keywords:
            parts = [("", arg) for arg in args]
            parts += [(f"{keyword.arg}=", keyword.value) for keyword in keywords]
            whole = " " * inner + ", ".join(f"{label}{show(part)}" for label, part in parts)
            lines = [whole]
            if len(whole) > WIDTH:
                lines = [line for part in parts for line in split(inner, *part, ",")]
            return [f"{pad}{before}{show(func)}(", *lines, f"{pad}){after}"]
        case ast.Lambda(arguments, body):
            head = f"{before}lambda {', '.join(param.arg for param in arguments.args)}: "
            if isinstance(body, ast.Call):
                return split(indent, head, body, after)
            return [f"{pad}{head}(", *_inside(inner, body), f"{pad}){after}"]
    return [f"{pad}{before}(", *_inside(inner, node), f"{pad}){after}"]


def _inside(indent: int, node: ast.expr) -> list[str]:
    """The lines of an expression inside of brackets of its own."""
    line = " " * indent + show(node)
    match node:
        case ast.IfExp(test, new, old) if len(line) > WIDTH:
            pieces = {"": new, "if ": test, "else ": old}
            return [line for piece in pieces.items() for line in split(indent, *piece)]
        case ast.Call(args=[_, *_]) | ast.Call(keywords=[_, *_]):
            return split(indent, "", node)
    return [line]


def _loops(indent: int, elt: ast.expr, loops: list[ast.comprehension]) -> list[str]:
    """The inside of a comprehension."""
    parts = [("", elt)]
    for loop in loops:
        several = loop.target.elts if isinstance(loop.target, ast.Tuple) else [loop.target]
        parts.append((f"for {', '.join(map(show, several))} in ", loop.iter))
    whole = " " * indent + " ".join(f"{before}{show(part)}" for before, part in parts)
    if len(whole) <= WIDTH:
        return [whole]
    return [line for before, part in parts for line in split(indent, before, part, inside=True)]


def _chained(node: ast.expr) -> list[ast.expr] | None:
    """The beginning of a chain of calls and its calls, if two of them are of what has brackets."""
    links: list[ast.expr] = []
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        links.insert(0, node)
        node = node.func.value
    bracketed = isinstance(node, ast.BinOp) + len(links) - 1
    return [node, *links] if links and bracketed >= 2 else None


def _linked(indent: int, links: list[ast.expr]) -> list[str]:
    """A chain of calls, one a line; the first stands behind a name that it is of."""
    first, *calls = links
    if isinstance(first, ast.Name):
        lines = split(indent, "", calls.pop(0))
    else:
        lines = [f"{' ' * indent}({show(first)})"]
    for each in calls:
        assert isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute)
        one = ast.Call(ast.Name(f".{each.func.attr}"), each.args, each.keywords)
        lines += split(indent, "", one)
    return lines
