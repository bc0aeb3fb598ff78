"""Expressions by what tensors of one shape can do at once, or have in common."""

import ast
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import TypeGuard

from dsl.export.expressions import rewritten, show
from dsl.export.torch.inplace import CodeLine
from dsl.export.torch.known import NEW, UNARY, values_in

_METHODS = {*(f"{name}_" for name in {*UNARY, "add", "sub", "mul", "div", "neg"}), "add", "sub"}
_METHODS |= {"lerp", "lerp_", "addcmul_", "addcdiv_"}
"""Methods that map tensors entry by entry."""

_SUMS = {"torch.linalg.vector_norm", "torch.sum", "torch.mean"}


def maps(node: ast.expr, functions: Collection[str]) -> TypeGuard[ast.Call]:
    """True for a call of one of the functions."""
    match node:
        case ast.Call(ast.Name(id)):
            return id in functions
    return False


def apart(
    line: CodeLine,
    functions: Mapping[str, bool],
    differ: Callable[[ast.expr], bool],
    take: Callable[[bool], str],
) -> list[CodeLine]:
    """A line as several: calls of the functions have lines of their own, and so have those of their
    arguments that differ from one tensor to another, as far as they are not names.

    **Arguments:** `functions`: whether each makes a tensor, and no number. `take`: gives a name for
    a tensor, or a number.
    """
    lines: list[CodeLine] = []

    def named(node: ast.expr, tensor: bool) -> ast.expr:
        label = take(tensor)
        lines.append(CodeLine(label, node))
        return ast.Name(label)

    def of_names(node: ast.Call) -> ast.Call:
        plain = [isinstance(arg, ast.Name) or not differ(arg) for arg in node.args]
        args = [arg if one else named(arg, True) for arg, one in zip(node.args, plain, strict=True)]
        return ast.Call(node.func, args, [])

    def change(node: ast.expr) -> ast.expr:
        return named(of_names(node), functions[show(node.func)]) if maps(node, functions) else node

    value = line.value
    if maps(value, functions):
        value = of_names(ast.Call(value.func, [rewritten(a, change) for a in value.args], []))
    else:
        value = rewritten(value, change)
    return [*lines, replace(line, value=value)]


def of_shape(node: ast.expr, differ: Callable[[ast.expr], bool]) -> bool:
    """True for what reads of tensors that differ only what those of one shape have in common."""
    return not any(differ(ast.Name(name)) for name in values_in(node))


def shared(
    node: ast.expr, differ: Callable[[ast.expr], bool], name: Callable[[ast.expr], ast.expr]
) -> ast.expr:
    """An expression with names for the tensors in it that are made of shapes alone."""
    if isinstance(node, ast.Call | ast.BinOp) and differ(node) and of_shape(node, differ):
        return name(node)
    match node:
        case ast.BinOp(left, op, right):
            return ast.BinOp(shared(left, differ, name), op, shared(right, differ, name))
        case ast.Call(ast.Attribute(of, attr), args, keywords):
            func = ast.Attribute(shared(of, differ, name), attr)
            return ast.Call(func, [shared(arg, differ, name) for arg in args], keywords)
    return node


def entrywise(node: ast.expr, leaf: Callable[[ast.expr], bool]) -> bool:
    """True for what maps its leaves entry by entry, but for numbers of a tensor such as its norm;
    it maps a stack of tensors as it does each of them."""

    def all_are(*parts: ast.expr) -> bool:
        return all(entrywise(part, leaf) for part in parts)

    match node:
        case ast.BinOp(left, _, right):
            return all_are(left, right)
        case ast.UnaryOp(_, part):
            return all_are(part)
        case ast.Call(ast.Attribute(ast.Name("torch"), name), args, kept) if name in UNARY | NEW:
            return all_are(*args, *(keyword.value for keyword in kept))
        case ast.Call(function, [part], []) if show(function) in _SUMS:
            return all_are(part)
        case ast.Call(ast.Attribute(of, name), args, keywords) if name in _METHODS:
            return all_are(of, *args, *(keyword.value for keyword in keywords))
    return leaf(node)


def with_sums(value: ast.expr, of_each: Callable[[ast.expr, ast.expr], ast.expr]) -> ast.expr:
    """An expression with `of_each(function, tensor)` for the numbers of tensors."""

    def change(node: ast.expr) -> ast.expr:
        match node:
            case ast.Call(function, [part], []) if show(function) in _SUMS:
                return of_each(function, part)
        return node

    return rewritten(value, change)
