"""Expressions of an emitted file: templates filled with operands, written as ruff would write them.

An expression is a syntax tree until the end, so parentheses are always right and the names that it
uses are known. A number of the program is an `ast.Constant` that holds a float; it is written
without a point where it stands next to a value in a sum, product or quotient, and with one
elsewhere, where hosts tell 1 from 1.0.
"""

import ast
import copy
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

from dsl.language.numbers import format_number
from dsl.syntax import expression_tree


def expression(text: str) -> ast.expr:
    """The syntax tree of a Python expression."""
    return copy.deepcopy(_parsed(text))


@lru_cache(maxsize=1024)
def _parsed(text: str) -> ast.expr:
    return expression_tree(text)


def number(value: float) -> ast.expr:
    """A number of the program."""
    if value < 0:
        return ast.UnaryOp(ast.USub(), ast.Constant(float(-value)))
    return ast.Constant(float(value))


def call(function: str, *args: ast.expr) -> ast.Call:
    """`function(*args)`."""
    return ast.Call(expression(function), list(args), [])


def function_of(params: list[str], body: ast.expr) -> ast.Lambda:
    """`lambda params: body`."""
    made = expression(f"lambda {', '.join(params)}: None")
    assert isinstance(made, ast.Lambda)
    made.body = body
    return made


def comprehension(body: ast.expr, entries: Mapping[str, ast.expr]) -> ast.ListComp:
    """`[body for variables in zip(lists)]`; `entries` has the list of each variable."""
    target: ast.expr = ast.Tuple([ast.Name(variable) for variable in entries])
    zipped = [*entries.values()]
    if len(zipped) == 1:
        (variable,) = entries
        target = ast.Name(variable)
    else:
        strict = ast.keyword("strict", ast.Constant(True))
        zipped = [ast.Call(ast.Name("zip"), zipped, [strict])]
    return ast.ListComp(body, [ast.comprehension(target, zipped[0], [], 0)])


def fill(template: ast.expr, values: Mapping[str, ast.expr]) -> ast.expr:
    """The template with the names in `values` replaced."""

    def filled(node: ast.expr) -> ast.expr:
        return values.get(node.id, node) if isinstance(node, ast.Name) else node

    return rewritten(template, filled)


def rewritten(node: ast.expr, change: Callable[[ast.expr], ast.expr]) -> ast.expr:
    """A copy of the tree with `change` applied to every node, children first."""

    class _Replaced(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            node = self.generic_visit(node)
            return change(node) if isinstance(node, ast.expr) else node

    made = _Replaced().visit(copy.deepcopy(node))
    assert isinstance(made, ast.expr)
    return made


def simplified(node: ast.expr) -> ast.expr:
    """The tree with `int(5.0)` written as `5`, and `1 * x` and `x - 0` as `x`."""

    def written(node: ast.expr) -> ast.expr:
        match node:
            case ast.Call(ast.Name("int"), [ast.Constant(float() as value)], []):
                return ast.Constant(int(value))
            case ast.BinOp(ast.Constant(1.0), ast.Mult(), right):
                return right
            case ast.BinOp(left, ast.Sub(), ast.Constant(0.0)):
                return left
        return node

    return rewritten(node, written)


def names_in(node: ast.AST) -> list[str]:
    """Every name that the tree reads, once per occurrence, without parameters of its lambdas and
    variables of its comprehensions."""
    match node:
        case ast.Name(id):
            return [id]
        case ast.Lambda(args=arguments, body=body):
            own = {argument.arg for argument in arguments.args}
            return [name for name in names_in(body) if name not in own]
        case ast.ListComp(elt, [first, *rest]) | ast.GeneratorExp(elt, [first, *rest]):
            own = set(names_in(first.target)).union(*(names_in(loop.target) for loop in rest))
            inside = [elt, *first.ifs, *(part for loop in rest for part in (loop.iter, *loop.ifs))]
            read = [name for part in inside for name in names_in(part) if name not in own]
            return [*names_in(first.iter), *read]
    return [name for child in ast.iter_child_nodes(node) for name in names_in(child)]


_SIMPLE_POWER = re.compile(r"(?<![\w.)\]])([\w.]+) \*\* (-?[\w.]+)(?![\w.(\[]| \*\*)")


def show(node: ast.expr) -> str:
    """The text of an expression, in one line."""
    text = ast.unparse(_Numbers().visit(copy.deepcopy(node)))
    return _SIMPLE_POWER.sub(r"\1**\2", text).replace("'", '"')


class _Numbers(ast.NodeTransformer):
    """Constants as the text they are written with."""

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        if isinstance(node.op, ast.Add | ast.Sub | ast.Mult | ast.Div):
            left, right = _bare(node.left), _bare(node.right)
            if left is not None and right is None:
                node.left = _written(node.left, short=True)
            elif right is not None and left is None:
                node.right = _written(node.right, short=True)
        self.generic_visit(node)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        match node.args:
            case [ast.GeneratorExp() as alone] if not node.keywords:
                node.args = [
                    ast.Name(ast.unparse(alone)[1:-1])
                ]  # without a second pair of brackets
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return _written(node, short=False)


def _bare(node: ast.expr) -> float | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.operand, ast.Constant):
        node = node.operand
    return node.value if isinstance(node, ast.Constant) and type(node.value) is float else None


def _written(node: ast.expr, *, short: bool) -> ast.expr:
    if isinstance(node, ast.UnaryOp):
        return ast.UnaryOp(node.op, _written(node.operand, short=short))
    if isinstance(node, ast.Constant) and type(node.value) is float:
        text = format_number(node.value)
        return ast.Name(text if short or not text.isdigit() else text + ".0")
    return node


def format_float(value: float) -> str:
    """A default as Python writes a float: `1e-4`, `0.9`, `2.0`."""
    text = format_number(value)
    return text if set(text) & set(".en") else text + ".0"
