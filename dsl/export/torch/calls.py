"""Calls of tensors, in place or not, and the numbers in them, as they are written by hand."""

import ast

from dsl.export.expressions import show
from dsl.export.torch.sums import Term, is_negative, negated

METHODS: dict[type[ast.operator], str] = {
    **{ast.Add: "add_", ast.Sub: "sub_", ast.Mult: "mul_", ast.Div: "div_", ast.Pow: "pow_"},
}
"""The methods of tensors that operators have in place."""

ONE = ast.Constant(1.0)


def method(of: ast.expr, name: str, *args: ast.expr, **named: ast.expr | None) -> ast.expr:
    """`of.name(args)`, without the arguments that are None."""
    keywords = [ast.keyword(key, part) for key, part in named.items() if part is not None]
    return ast.Call(ast.Attribute(of, name), list(args), keywords)


def function(name: str, *args: ast.expr, **named: ast.expr | None) -> ast.expr:
    """`torch.name(args)`, without the arguments that are None."""
    return method(ast.Name("torch"), name, *args, **named)


def base_of(value: ast.expr) -> ast.expr:
    """The expression that a chain of calls in place begins with; `value` itself if it is none."""
    while isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        if not value.func.attr.endswith("_"):
            break
        value = value.func.value
    return value


def binary(left: ast.expr, op: ast.operator, right: ast.expr, *, owned: bool) -> ast.expr:
    """An operation, in place on the left if that is the value's own."""
    if owned and type(op) in METHODS:
        return method(left, METHODS[type(op)], right)
    return ast.BinOp(left, op, right)


def scaled(value: ast.expr, scale: ast.expr) -> ast.expr:
    """A tensor times a number in place."""
    match scale:
        case ast.BinOp(ast.Constant(1.0), ast.Div(), below):
            return method(value, "div_", below)
        case ast.UnaryOp(ast.USub(), ast.Constant(1.0)):
            return method(value, "neg_")
    return method(value, "mul_", scale)


def times(scale: ast.expr, value: ast.expr) -> ast.expr:
    """A number times a tensor, in a tensor of its own."""
    match scale:
        case ast.BinOp(ast.Constant(1.0), ast.Div(), below):
            return ast.BinOp(value, ast.Div(), below)
        case ast.UnaryOp(ast.USub(), ast.Constant(1.0)):
            return ast.UnaryOp(ast.USub(), value)
    return ast.BinOp(scale, ast.Mult(), value)


def plus(value: ast.expr, scale: ast.expr | None, operand: ast.expr, *, owned: bool) -> ast.expr:
    """A tensor and a number times another, in place if the first is the value's own."""
    sign, scale = ("sub", negated(scale)) if is_negative(scale) else ("add", scale)
    if owned:
        return method(value, f"{sign}_", operand, alpha=scale)
    if scale is not None:
        return method(value, sign, operand, alpha=scale)
    return ast.BinOp(value, ast.Sub() if sign == "sub" else ast.Add(), operand)


def shrunk(value: ast.expr, scale: ast.expr) -> ast.expr:
    """A tensor without `scale` times itself, in place."""
    match scale:
        case ast.BinOp(part, ast.Div(), ast.BinOp(ast.Constant(1.0), ast.Add(), other) as below):
            if show(part) == show(other):
                return method(value, "div_", below)
    return method(value, "mul_", ast.BinOp(ONE, ast.Sub(), scale))


def is_name(node: ast.expr | None, name: str) -> bool:
    """True for the name itself."""
    return isinstance(node, ast.Name) and node.id == name


def is_rest(term: Term, kept: ast.expr) -> bool:
    """True if a term is 1 - `kept` times a tensor that has a name."""
    named = isinstance(term.tensor, ast.Name) and term.by is None
    whole = show(ast.BinOp(ONE, ast.Sub(), kept))
    return named and term.scale is not None and show(term.scale) == whole
