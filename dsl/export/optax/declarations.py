"""What the declarations over `xp` are in a file: an expression, or functions and constants.

A meaning function that returns a single expression is written in place, anything longer becomes a
function of the file, with the functions and constants of its module that it uses.
"""

import ast
import builtins
import dis
import inspect
import re
import textwrap
from collections.abc import Callable
from functools import lru_cache
from types import FunctionType, ModuleType
from typing import Any

from dsl.errors import ExportError
from dsl.export.expressions import fill, name, names_in, number, show
from dsl.export.layout import function_head
from dsl.language.initialisers import INITIALISERS, Init
from dsl.language.kinds import Kind
from dsl.language.registry import Primitive, Scope


def template(primitive: Primitive) -> ast.expr | None:
    """The returned expression of the declaration over `jnp`; None if it takes more."""
    body, _ = meaning(primitive.meaning)
    if body is None or set(names_in(body)) - {"xp", *primitive.params}:
        return None
    return fill(body, {"xp": name("jnp")})


def first_value(rule: Init) -> str:
    """The expression for the first value of a slot, read from the initialiser's declaration."""
    declared = INITIALISERS[rule.rule]
    body, _ = meaning(declared.fill)
    if body is None:
        raise ExportError(f"initialiser '{rule.rule}' is not a single expression")
    params = declared.fill.__code__.co_varnames[2 : declared.fill.__code__.co_argcount]
    values = dict(zip(params, map(number, rule.args), strict=True))
    made = fill(body, {"xp": name("jnp"), **values})
    if declared.kind is Kind.GLOBAL:
        return show(made)
    if isinstance(made, ast.Call) and [show(arg) for arg in made.args] == ["w"]:
        return f"jax.tree.map({show(made.func)}, params)"
    return f"jax.tree.map(lambda w: {show(made)}, params)"


def function(primitive: Primitive) -> str:
    """The text of a function of the file that does what the declaration's body does."""
    lists = primitive.scope is Scope.MODEL

    def type_of(kind: Kind | None, number: str) -> str:
        if kind is not Kind.TENSOR:
            return number
        return "list[jax.Array]" if lists else "jax.Array"

    pairs = zip(primitive.params, primitive.signature.params, strict=True)
    params = [f"{param}: {type_of(kind, 'Any')}" for param, kind in pairs]
    result = type_of(primitive.signature.result, "jax.Array") if lists else "jax.Array"
    head = function_head(0, f"_{primitive.name}", params, result)
    _, source = meaning(primitive.meaning)
    old_head = re.search(r"\):\n|:\n", source)
    assert old_head is not None
    return "\n".join([*head, re.sub(r"\bxp\b", "jnp", source[old_head.end() :])])


class Borrowed:
    """The functions and constants of the declaring modules that functions of the file use."""

    def __init__(self) -> None:
        self.functions: dict[str, str] = {}
        self.constants: list[str] = []

    def borrow_for(self, user: Callable[..., Any]) -> None:
        """Add what a function of ours uses; ExportError if a file cannot hold it."""
        for used in _globals(user):
            value = user.__globals__.get(used)
            if isinstance(value, FunctionType):
                if used not in self.functions:
                    self.borrow_for(value)
                    self.functions[used] = meaning(value)[1]
            elif isinstance(value, int | float):
                line = f"{used} = {value!r}"
                if line not in self.constants:
                    self.constants.append(line)
            elif isinstance(value, ModuleType) or (
                value is not None and not hasattr(builtins, used)
            ):
                raise ExportError(
                    f"'{user.__name__}' uses '{used}', which an exported file cannot hold"
                )


def _globals(function: Callable[..., object]) -> list[str]:
    """The names that a function reads from its module or the builtins, not from objects."""
    reads = (i.argval for i in dis.get_instructions(function) if i.opname == "LOAD_GLOBAL")
    return list(dict.fromkeys(reads))


@lru_cache(maxsize=512)
def meaning(function: Callable[..., object]) -> tuple[ast.expr | None, str]:
    """What a meaning function returns, if a single expression is all it is, and its source text."""
    source = textwrap.dedent(inspect.getsource(function))
    tree = ast.parse(source).body[0]
    assert isinstance(tree, ast.FunctionDef)
    lines = source.splitlines()[tree.lineno - 1 :]
    body = tree.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    single = None
    if len(body) == 1 and isinstance(body[0], ast.Return):
        single = body[0].value
    return single, "\n".join(lines)
