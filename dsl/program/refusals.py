"""Errors for what Python has and the language has not."""

import ast
import reprlib
from collections.abc import Collection

from dsl.errors import DslError, FormError, UnknownName, counted, did_you_mean
from dsl.language.names import QUALIFIED
from dsl.language.registry import PRIMITIVES
from dsl.plugins import HINT

STATEMENTS = "a rule holds assignments `name = expression` and one `return` at its end"
STATEMENTS_OF_HELPERS = "a helper returns a value, or several: `return x` or `return x, y`"


def one_rule(rule: str) -> str:
    """The help of an error about which function of a text is the rule."""
    return (
        f"the last function of a text is its rule, '{rule}' here; those above are helpers of it: "
        "they take values, return some, and are called"
    )


def unknown_primitive(op: str, helpers: Collection[str] = ()) -> DslError:
    """A call of what is neither a primitive nor a helper."""
    what = "primitive or helper" if helpers else "primitive"
    return UnknownName(
        f"unknown {what} '{op}'{did_you_mean(op, [*helpers, *PRIMITIVES])}",
        help=f"a rule calls primitives of the language, and helpers above it, only; {HINT}",
    )


def not_callable(name: str, what: str) -> DslError:
    """A call of a name that is bound in the function."""
    help = "primitives and helpers can be called"
    if name in PRIMITIVES:
        help = f"give one of the two another name, or call the primitive as {QUALIFIED}.{name}(...)"
    return FormError(f"'{name}' is {what} here and cannot be called", help=help)


def calls_itself(what: str, name: str, below: bool = False) -> DslError:
    """A call of a rule or helper (`what`) in itself, or above it."""
    hidden = f"; the primitive is called as {QUALIFIED}.{name}(...)" if name in PRIMITIVES else ""
    if below:
        return FormError(
            f"helper '{name}' stands below this call of it",
            help=f"a helper may call those above it: move it up{hidden}",
        )
    return FormError(
        f"{what} '{name}' calls itself",
        help=hidden[2:]
        or "primitives and the helpers above can be called; repetitions are written out",
    )


def returns_several(helper: str, found: int, wanted: int) -> DslError:
    """A call of a helper for another number of values than it returns."""
    names = ", ".join("xyzuv"[:found]) if found <= 5 else "x, y, ..."
    use = f"e.g. `{names} = {helper}(...)`, or make it return one"
    return FormError(
        f"helper '{helper}' returns {counted(found, 'value')}, and {wanted} "
        f"{'is' if wanted == 1 else 'are'} wanted here",
        help=use if found > 1 else f"`x = {helper}(...)`",
    )


def returns_many(found: int) -> DslError:
    """A rule that returns neither a step nor a step and a point."""
    return FormError(
        f"a rule returns what is subtracted from w, or that and a point, met {found} in a tuple",
        help="`return step`, or `return step, point` where something else than the parameters is "
        "to be evaluated",
    )


def not_a_function(node: ast.stmt) -> DslError:
    """A statement beside the one function."""
    if isinstance(node, ast.Import | ast.ImportFrom):
        return FormError(
            "a program file is data: it has no imports",
            help="primitives need none; write the rule alone, def my_rule(w, g, ...): ...",
        )
    return FormError(
        f"a program file holds functions only, met {described(node)}",
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
        ast.Assign: "assignment to anything but one name (or to several, `a, b = helper(...)`)",
        ast.Tuple: "tuples (but `return a, b` of a helper, and `return step, point`)",
        ast.AnnAssign: "annotations",
        ast.AugAssign: "`+=` (write `x = x + y`)",
        ast.If: "`if` (use `where` or `when`)",
        ast.IfExp: "`if` (use `where` or `when`)",
        ast.BoolOp: "`and` and `or` (multiply masks, or take their `maximum`)",
        ast.BinOp: "operators but + - * / % **",
        ast.Compare: "comparisons but one of `>`, `<`, `>=`, `<=` (and `equal`)",
        ast.UnaryOp: "operators but + - * / % **",
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
