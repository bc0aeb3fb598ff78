"""The body of a function of the language: its statements and expressions, into a builder.

The body of a rule binds names of the rule, that of a helper its own (`dsl/program/helpers.py`); how
both read statements and expressions is the same.
"""

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from dsl.errors import DslError, FormError
from dsl.language import names
from dsl.language.registry import PRIMITIVES
from dsl.program.builder import Builder, number
from dsl.program.places import Places
from dsl.program.refusals import (
    STATEMENTS,
    calls_itself,
    described,
    not_a_statement,
    not_callable,
    returns_several,
    unknown_primitive,
)
from dsl.program.terms import Arg, Const

_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Mod: "remainder",
    ast.Pow: "power",
}
_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Gt: "greater",
    ast.Lt: "less",
    ast.GtE: "greater_equal",
    ast.LtE: "less_equal",
}
_MIRRORED = {
    "greater": "less",
    "less": "greater",
    "greater_equal": "less_equal",
    "less_equal": "greater_equal",
}
_FOLD: dict[str, Callable[[float, float], float]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "remainder": lambda x, y: x % y,
    "power": lambda x, y: x**y,
}


class Callables(Protocol):
    """The helpers of a text, as the bodies that call them see them: `order` has the place of each
    among the functions."""

    places: Places
    build: Builder
    order: Mapping[str, int]

    def values(self, body: "Body", call: ast.Call, at: int) -> tuple[Arg, ...]:
        """The values that a call of helper number `at` gives."""
        ...


class Body:
    """Reads one function; `read` and `assign` say what its names are bound to.

    **Arguments:** `local`: the names that it binds somewhere, in the words of errors. `position`:
    its place among the functions of the text; it may call those before.
    """

    def __init__(self, helpers: Callables, local: Mapping[str, str], position: int):
        self.helpers = helpers
        self.places = helpers.places
        self.build = helpers.build
        self.local = local
        self.position = position

    def read(self, name: str) -> Arg:
        """The value that a name is bound to; UnknownName if there is none."""
        raise NotImplementedError

    def assign(self, name: str, value: Arg) -> None:
        """Bind a name."""
        raise NotImplementedError

    def run(self, statements: Sequence[ast.stmt], function: ast.FunctionDef) -> ast.expr:
        """Read the statements of `function` up to its `return`, and hand back what that returns."""
        for node in statements[:-1]:
            self.assignment(node)
        last = statements[-1] if statements else function
        if isinstance(last, ast.Return) and last.value is not None:
            return last.value
        if statements and not isinstance(last, ast.Return):
            self.assignment(last)
        raise self.places.at(last, self.without_return())

    def without_return(self) -> DslError:
        """The error of a function that returns nothing."""
        raise NotImplementedError

    def assignment(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=[ast.Name(name)], value=value):
                arg = self.places.guard(value, lambda: self.expression(value))
                self.places.guard(node, lambda: self.assign(name, arg))
            case ast.Assign(targets=[ast.Tuple(targets)], value=value):
                self.several(node, targets, value)
            case ast.Return():
                raise self.places.at(node, FormError("`return` before the end", help=STATEMENTS))
            case _:
                raise self.places.at(node, not_a_statement(node))

    def several(self, node: ast.stmt, targets: list[ast.expr], value: ast.expr) -> None:
        """`a, b = helper(...)`."""
        wanted = [target.id for target in targets if isinstance(target, ast.Name)]
        if len(wanted) < len(targets):
            raise self.places.at(node, not_a_statement(node))
        match value:
            case ast.Call(func=ast.Name(helper)) if self.calls_helper(helper):
                found = self.helpers.values(self, value, self.helpers.order[helper])
            case _:
                raise self.places.at(node, not_a_statement(node))
        if len(found) != len(wanted):
            raise self.places.at(node, returns_several(helper, len(found), len(wanted)))
        for name, arg in zip(wanted, found, strict=True):
            self.places.guard(node, lambda n=name, a=arg: self.assign(n, a))

    def expression(self, node: ast.expr) -> Arg:
        match node:
            case ast.Constant(value=bool()):
                pass
            case ast.Constant(value=int() | float() as value):
                return self.places.guard(node, lambda: number(value))
            case ast.Name(id):
                return self.places.guard(node, lambda: self.named(id))
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.expression(operand)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                value = self.expression(operand)
                if isinstance(value, Const):
                    return number(-value.value)
                return self.call(node, "neg", (value,))
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _BINARY:
                return self.binary(node, _BINARY[type(operator)], left, right)
            case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARE:
                return self.comparison(node, _COMPARE[type(op)], left, right)
            case ast.Call(func=ast.Name(name) as func) if name in self.local:
                raise self.places.at(func, not_callable(name, self.local[name]))
            case ast.Call(func=ast.Name(name)) if self.calls_helper(name):
                found = self.helpers.values(self, node, self.helpers.order[name])
                first, *more = found
                if more:
                    raise self.places.at(node, returns_several(name, len(found), 1))
                return first
            case ast.Call(func=ast.Name(name) as func) if name == self.build.name:
                raise self.places.at(func, calls_itself("the rule", name))
            case ast.Call(
                func=ast.Name(op) | ast.Attribute(ast.Name(names.QUALIFIED), op) as func,
                args=args,
                keywords=[],
            ):
                if op not in PRIMITIVES:
                    raise self.places.at(func, unknown_primitive(op, self.helpers.order))
                return self.call(node, op, tuple(self.expression(arg) for arg in args))
            case ast.Call(
                func=ast.Name() | ast.Attribute(ast.Name(names.QUALIFIED)), keywords=[first, *_]
            ):
                refusal = "a primitive takes its arguments by position only"
                raise self.places.at(first, FormError(refusal))
            case ast.Call():
                refusal = "only primitives and helpers can be called"
                raise self.places.at(node, FormError(refusal, help="e.g. sign(g)"))
        raise self.places.at(
            node,
            FormError(
                f"the language has no {described(node)}",
                help="expressions are names, numbers, + - * / % ** > < >= <=, and calls of "
                "primitives and helpers",
            ),
        )

    def calls_helper(self, name: str) -> bool:
        """True if a call of `name` is that of a helper."""
        return name in self.helpers.order and name not in self.local

    def named(self, name: str) -> Arg:
        """The value of a name that stands alone."""
        if not self.binds(name) and name not in self.local:
            what = "helper" if name in self.helpers.order else "primitive"
            if name in self.helpers.order or name in PRIMITIVES:
                raise FormError(f"'{name}' is a {what} and has to be called", help=f"{name}(...)")
        return self.read(name)

    def binds(self, name: str) -> bool:
        """True if a name is bound at this point."""
        raise NotImplementedError

    def binary(self, node: ast.expr, op: str, left: ast.expr, right: ast.expr) -> Arg:
        x, y = self.expression(left), self.expression(right)
        if not (isinstance(x, Const) and isinstance(y, Const)):
            return self.call(node, op, (x, y))
        try:
            return number(_FOLD[op](x.value, y.value))
        except (ArithmeticError, DslError):
            raise self.places.at(node, FormError("this is not a finite number")) from None

    def comparison(self, node: ast.expr, op: str, left: ast.expr, right: ast.expr) -> Arg:
        """`x > y`; with a number on the left `y < x`, as Python itself turns it around."""
        x, y = self.expression(left), self.expression(right)
        if isinstance(x, Const) and isinstance(y, Const):
            refusal = FormError("both sides are numbers", help="the answer is known")
            raise self.places.at(node, refusal)
        if isinstance(x, Const):
            return self.call(node, _MIRRORED[op], (y, x))
        return self.call(node, op, (x, y))

    def call(self, node: ast.expr, op: str, args: tuple[Arg, ...]) -> Arg:
        return self.places.guard(node, lambda: self.build.call(op, args))

    def number(self, node: ast.expr, refusal: str, help: str) -> float:
        """A number written in the text; FormError with these words for anything else."""
        value = self.expression(node)
        if not isinstance(value, Const):
            raise self.places.at(node, FormError(refusal, help=help))
        return value.value
