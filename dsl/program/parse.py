"""Text to program: reads the syntax tree, executes nothing.

The text is one Python function (`dsl.program` shows one). Allowed inside: a docstring, assignments
of expressions to single names, and one `return` at the end. Expressions are names, numbers,
arithmetic, one comparison, and calls of primitives with positional arguments. Everything else is
an error with its place; a file from a stranger is data.
"""

import ast
import re
import warnings
from collections.abc import Callable
from typing import TypeVar

from dsl.errors import DslError, FormError
from dsl.language.initialisers import Init
from dsl.language.names import check_name
from dsl.language.registry import PRIMITIVES
from dsl.program.builder import Builder, number
from dsl.program.program import Program
from dsl.program.refusals import (
    STATEMENTS,
    described,
    not_a_function,
    not_a_statement,
    unknown_primitive,
)
from dsl.program.terms import Arg, Const

MAX_CHARACTERS = 100_000
_MARK = "\ufeff"
"""The byte-order mark that some editors put before a text."""

T = TypeVar("T")

_BINARY: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.Pow: "power",
}
_COMPARE: dict[type[ast.cmpop], str] = {ast.Gt: "greater", ast.Lt: "less"}
_MIRRORED = {"greater": "less", "less": "greater"}
_FOLD: dict[str, Callable[[float, float], float]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "power": lambda x, y: x**y,
}
_NO_ANNOTATIONS = "a rule has no annotations; initialisers tell the kinds of its slots"


def parse(text: str) -> Program:
    """The program that `text` spells.

    **Raises:** DslError with the place and a help line if the text is not a program.
    """
    text = text.removeprefix(_MARK)
    if len(text) > MAX_CHARACTERS:
        raise FormError(f"a program of {len(text)} characters; the limit is {MAX_CHARACTERS}")
    source = re.split(r"\r\n|\r|\n", text)  # as Python counts lines; str.splitlines finds more
    try:
        return _Parser(source).module(_syntax_tree(text))
    except SyntaxError as error:
        line, column = error.lineno or 1, max(error.offset or 1, 1)
        raise FormError(f"not a program: {error.msg}").located(
            source, None, line, column, column + 1
        ) from None
    except (RecursionError, MemoryError):
        raise FormError(
            "not a program: an expression is nested too deeply",
            help="give its parts names: u = ...",
        ) from None


def _syntax_tree(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python's own remarks, on odd escapes and the like
        try:
            return ast.parse(text)
        except ValueError as error:  # null characters, unpaired surrogates
            raise FormError(f"not a program: {error}") from None


class _Parser:
    def __init__(self, source: list[str]):
        self.source = source
        self.builder: Builder | None = None

    def module(self, tree: ast.Module) -> Program:
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef):
                raise self.at(node, not_a_function(node))
        if len(tree.body) != 1:
            raise FormError(
                f"a program is one function, met {len(tree.body)}",
                help="def my_rule(w, g, *, lr=1e-3): ... return lr * g",
            )
        function = tree.body[0]
        assert isinstance(function, ast.FunctionDef)
        self.builder = Builder(function.name, (ast.get_docstring(function) or "").rstrip())
        self.guard(function, lambda: check_name(function.name, "a rule"))
        if function.decorator_list:
            raise self.at(function.decorator_list[0], FormError("a program file has no decorators"))
        if function.returns is not None:
            raise self.at(function.returns, FormError(_NO_ANNOTATIONS))
        self.signature(function.args)
        return self.body(function)

    def at(self, node: ast.AST, error: DslError) -> DslError:
        """`error` with the place of `node`."""
        line = getattr(node, "lineno", 1)
        text = self.source[line - 1] if line <= len(self.source) else ""
        column = _characters(text, getattr(node, "col_offset", 0))
        end = _characters(text, getattr(node, "end_col_offset", None) or 0)
        if getattr(node, "end_lineno", line) != line:
            end = len(text)
        name = self.builder.name if self.builder else None
        return error.located(self.source, name, line, column + 1, end + 1)

    def guard(self, node: ast.AST, action: Callable[[], T]) -> T:
        """The result of `action`; what it raises gets the place of `node`."""
        try:
            return action()
        except DslError as error:
            raise self.at(node, error) from None

    @property
    def build(self) -> Builder:
        assert self.builder is not None
        return self.builder

    def signature(self, args: ast.arguments) -> None:
        for star in (args.vararg, args.kwarg):
            if star is not None:
                raise self.at(star, FormError("a rule has no *args or **kwargs"))
        for node in (*args.args, *args.kwonlyargs):
            if node.annotation is not None:
                raise self.at(node.annotation, FormError(_NO_ANNOTATIONS))
        if args.posonlyargs:
            raise self.at(args.posonlyargs[0], FormError("a rule has no `/` in its parameters"))
        plain = len(args.args) - len(args.defaults)
        for node in args.args[:plain]:
            self.guard(node, lambda n=node: self.build.declare_input(n.arg))
        for node, default in zip(args.args[plain:], args.defaults, strict=True):
            init = self.guard(default, lambda d=default: self.initialiser(d))
            self.guard(node, lambda n=node, i=init: self.build.declare_slot(n.arg, i))
        for node, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
            if default is None:
                raise self.at(
                    node,
                    FormError(
                        f"hyperparameter '{node.arg}' has no default",
                        help=f"write {node.arg}=0.1",
                    ),
                )
            value = self.guard(default, lambda d=default: self.number(d))
            self.guard(node, lambda n=node, v=value: self.build.declare_hyper(n.arg, v))

    def initialiser(self, node: ast.expr) -> Init:
        match node:
            case ast.Name(id):
                return Init(id)
            case ast.Call(func=ast.Name(id), args=args, keywords=[]):
                return Init(id, tuple(self.number(arg) for arg in args))
        raise self.at(
            node,
            FormError(
                "a slot starts as an initialiser",
                help="zeros, ones, const(1e-6), copy_w, ...; hyperparameters stand behind the `*`",
            ),
        )

    def number(self, node: ast.expr) -> float:
        value = self.expression(node)
        if not isinstance(value, Const):
            raise self.at(node, FormError("a default is a number", help="e.g. lr=1e-3"))
        return value.value

    def body(self, function: ast.FunctionDef) -> Program:
        body = list(function.body)
        if ast.get_docstring(function) is not None:
            body = body[1:]
        for node in body[:-1]:
            self.assignment(node)
        last = body[-1] if body else function
        if not isinstance(last, ast.Return) or last.value is None:
            if body and not isinstance(last, ast.Return):
                self.assignment(last)
            raise self.at(
                last,
                FormError(
                    "the rule ends without `return`",
                    help="return what is subtracted from w, e.g. `return lr * g`",
                ),
            )
        value = last.value
        result = self.guard(value, lambda: self.expression(value))
        return self.guard(value, lambda: self.build.finish(result))

    def assignment(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=[ast.Name(name)], value=value):
                arg = self.guard(value, lambda: self.expression(value))
                self.guard(node, lambda: self.build.assign(name, arg))
            case ast.Return():
                raise self.at(node, FormError("`return` before the end", help=STATEMENTS))
            case _:
                raise self.at(node, not_a_statement(node))

    def expression(self, node: ast.expr) -> Arg:
        match node:
            case ast.Constant(value=bool()):
                pass
            case ast.Constant(value=int() | float() as value):
                return self.guard(node, lambda: number(value))
            case ast.Name(id):
                return self.guard(node, lambda: self.read(id))
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
            case ast.Call(func=ast.Name(op), args=args, keywords=[]):
                if op not in PRIMITIVES:
                    raise self.at(node.func, unknown_primitive(op))
                return self.call(node, op, tuple(self.expression(arg) for arg in args))
            case ast.Call(func=ast.Name(), keywords=[first, *_]):
                raise self.at(first, FormError("a primitive takes its arguments by position only"))
            case ast.Call():
                raise self.at(node, FormError("only primitives can be called", help="e.g. sign(g)"))
        raise self.at(
            node,
            FormError(
                f"the language has no {described(node)}",
                help="expressions are names, numbers, + - * / ** > <, and calls of primitives",
            ),
        )

    def read(self, name: str) -> Arg:
        if name in PRIMITIVES and name not in self.build.bound:
            raise FormError(f"'{name}' is a primitive and has to be called", help=f"{name}(...)")
        return self.build.read(name)

    def binary(self, node: ast.expr, op: str, left: ast.expr, right: ast.expr) -> Arg:
        x, y = self.expression(left), self.expression(right)
        if not (isinstance(x, Const) and isinstance(y, Const)):
            return self.call(node, op, (x, y))
        try:
            return number(_FOLD[op](x.value, y.value))
        except (ArithmeticError, DslError):
            raise self.at(node, FormError("this is not a finite number")) from None

    def comparison(self, node: ast.expr, op: str, left: ast.expr, right: ast.expr) -> Arg:
        """`x > y`; with a number on the left `y < x`, as Python itself turns it around."""
        x, y = self.expression(left), self.expression(right)
        if isinstance(x, Const) and isinstance(y, Const):
            raise self.at(node, FormError("both sides are numbers", help="the answer is known"))
        if isinstance(x, Const):
            return self.call(node, _MIRRORED[op], (y, x))
        return self.call(node, op, (x, y))

    def call(self, node: ast.expr, op: str, args: tuple[Arg, ...]) -> Arg:
        return self.guard(node, lambda: self.build.call(op, args))


def _characters(text: str, offset: int) -> int:
    """A byte offset into `text` as a number of characters."""
    return len(text.encode()[:offset].decode(errors="ignore"))
