"""Expressions of declarations as syntax trees.

Some functions of PyTorch take tensors only, and dividing or raising Python numbers raises where
tensors give infinity or NaN. There, and only there, a number in an expression is wrapped.
"""

import ast
import re
from collections.abc import Callable, Mapping, Sequence

from dsl.export.expressions import expression, fill, show, simplified
from dsl.language.initialisers import INITIALISERS, Init
from dsl.language.registry import Primitive

_PLAIN = (ast.Add, ast.Sub, ast.Mult)
_NUMBERS_ALLOWED = {"torch.clamp": 0, "torch.where": 1}
"""Functions that take Python numbers, as long as this many of the last arguments are tensors."""


def template(text: str) -> ast.expr:
    """An expression of a declaration as a syntax tree in which `{x}` is the name `_x`."""
    return expression(re.sub(r"\{(\w+)\}", r"_\1", text))


def is_function(primitive: Primitive) -> bool:
    """True if a declaration holds the text of a function, not an expression."""
    return primitive.torch.lstrip().startswith("def ")


def is_plain(primitive: Primitive) -> bool:
    """True if a declaration holds sums, differences and products only, which never raise."""

    def plain(node: ast.expr) -> bool:
        match node:
            case ast.BinOp(left=x, op=op, right=y):
                return isinstance(op, _PLAIN) and plain(x) and plain(y)
            case ast.UnaryOp(operand=x):
                return plain(x)
        return isinstance(node, ast.Name | ast.Constant)

    return not is_function(primitive) and plain(template(primitive.torch))


def comparison_of(primitive: Primitive) -> ast.Compare | None:
    """The comparison `x > y` in a declaration `(x > y).to(dtype)`; None where it is none."""
    if is_function(primitive):
        return None
    match template(primitive.torch):
        case ast.Call(ast.Attribute(ast.Compare() as comparison, "to")):
            return comparison
    return None


def is_comparison(primitive: Primitive) -> bool:
    """True if a declaration is 1 where a comparison holds, else 0."""
    return comparison_of(primitive) is not None


def makes_new(primitive: Primitive) -> bool:
    """True if a declaration is a call of a function of PyTorch, or a list of sums and products:
    these make tensors of their own."""
    if is_function(primitive):
        return False
    match template(primitive.torch):
        case ast.Call(ast.Attribute(ast.Name("torch"))) | ast.ListComp(ast.BinOp()):
            return True
    return False


def first_value(rule: Init, p: str, numbers: Sequence[ast.expr]) -> ast.expr:
    """The expression for the first value of a slot of the parameter `p`, from numbers that are
    given as expressions."""
    declared = INITIALISERS[rule.rule]
    values = {f"_{k}": v for k, v in zip(declared.params, numbers, strict=True)}
    return simplified(fill(template(declared.torch), {**values, "_w": ast.Name(p)}))


def with_tensors(
    template: ast.expr, numbers: Mapping[str, bool], tensor: Callable[[ast.expr], ast.expr]
) -> ast.expr:
    """The template with `tensor` around numbers where PyTorch takes no number, or would raise.

    **Arguments:** `numbers`: whether a parameter of the template is a Python number.
    """

    def is_number(node: ast.expr) -> bool:
        match node:
            case ast.Name(id):
                return numbers.get(id.removeprefix("_"), False)
            case ast.Constant():
                return True
            case ast.UnaryOp(operand=x):
                return is_number(x)
            case ast.BinOp(left=x, right=y) | ast.Compare(left=x, comparators=[y]):
                return is_number(x) and is_number(y)
        return False

    def visit(node: ast.expr) -> ast.expr:
        match node:
            case ast.BinOp(left=x, op=op, right=y):
                raises = not isinstance(op, _PLAIN) and is_number(node)
                constant = isinstance(x, ast.Constant) and isinstance(y, ast.Constant)
                left = tensor(x) if raises and not constant else visit(x)
                return ast.BinOp(left, op, visit(y))
            case ast.UnaryOp(op=op, operand=x):
                return ast.UnaryOp(op, visit(x))
            case ast.Compare(left=x, ops=ops, comparators=[y]):
                left = tensor(x) if is_number(node) else visit(x)
                return ast.Compare(left, ops, [visit(y)])
            case ast.Call(func=ast.Attribute(value=ast.Name("torch")) as func, args=args):
                return ast.Call(func, torch_arguments(show(func), args), node.keywords)
            case ast.Call(func=func, args=args):
                return ast.Call(func, [visit(a) for a in args], node.keywords)
        return node

    def torch_arguments(function: str, args: list[ast.expr]) -> list[ast.expr]:
        free = _NUMBERS_ALLOWED.get(function)
        rest = [is_number(a) for a in args[1:]]
        lenient = free is not None and (all(rest) if free == 0 else not all(rest))
        made = []
        for at, arg in enumerate(args):
            written = isinstance(arg, ast.Constant | ast.Compare) or (lenient and at > 0)
            made.append(tensor(arg) if is_number(arg) and not written else visit(arg))
        return made

    match template:
        case ast.Call(func=ast.Attribute(value=inner, attr=attr)) if not isinstance(
            inner, ast.Name
        ):  # a method of an expression: `(x > y).to(dtype)`
            return ast.Call(ast.Attribute(visit(inner), attr), template.args, template.keywords)
    return visit(template)
