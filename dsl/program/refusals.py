"""Errors for what Python has and the language has not."""

import ast
import reprlib

from dsl.errors import DslError, FormError, UnknownName, did_you_mean
from dsl.language.registry import PRIMITIVES
from dsl.plugins import HINT

STATEMENTS = "a rule holds assignments `name = expression` and one `return` at its end"


def unknown_primitive(op: str) -> DslError:
    """A call of what is no primitive."""
    return UnknownName(
        f"unknown primitive '{op}'{did_you_mean(op, PRIMITIVES)}",
        help=f"a rule calls primitives of the language only; {HINT}",
    )


def not_a_function(node: ast.stmt) -> DslError:
    """A statement beside the one function."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return FormError(
            "a program file is data: it has no imports",
            help="primitives need none; write the rule alone, def my_rule(w, g, ...): ...",
        )
    return FormError(
        f"a program file holds one function, met {described(node)}",
        help="def my_rule(w, g, *, lr=1e-3): ... return lr * g",
    )


def not_a_statement(node: ast.stmt) -> DslError:
    """A statement inside the function that the language does not have."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return FormError("a program has no imports", help="primitives are there without one")
    return FormError(f"the language has no {described(node)}", help=STATEMENTS)


def described(node: ast.AST) -> str:
    """A node of a syntax tree as a person would call it."""
    words = {
        ast.Assign: "assignment to anything but one name",
        ast.AnnAssign: "annotations",
        ast.AugAssign: "`+=` (write `x = x + y`)",
        ast.If: "`if` (use `where` or `when`)",
        ast.IfExp: "`if` (use `where` or `when`)",
        ast.BoolOp: "`and` and `or` (multiply masks, or take their `maximum`)",
        ast.BinOp: "operators but + - * / **",
        ast.Compare: "comparisons but one `>` or `<` (and `equal`)",
        ast.UnaryOp: "operators but + - * / **",
        ast.NamedExpr: "`:=`",
        ast.Starred: "`*` before an argument",
        ast.ListComp: "loops",
        ast.GeneratorExp: "loops",
        ast.Delete: "`del`",
        ast.ClassDef: "classes",
        ast.AsyncFunctionDef: "async functions",
        ast.FunctionDef: "functions inside a rule",
        ast.JoinedStr: "strings",
        ast.For: "loops",
        ast.While: "loops",
        ast.Expr: "statements without effect",
        ast.Attribute: "attributes",
        ast.Subscript: "indexing",
        ast.Lambda: "`lambda`",
    }
    name = type(node).__name__
    if isinstance(node, ast.Constant):
        return f"constants like {reprlib.repr(node.value)}"
    return words.get(type(node), f"`{name.lower()}`")
