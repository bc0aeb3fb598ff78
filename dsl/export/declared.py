"""Declarations over an array namespace as text: an expression, or functions and constants.

A meaning is a Python function of a namespace `xp` and arguments. One that returns a single
expression is written in place, anything longer becomes a function of the file, with the functions
and constants of its module that it uses.
"""

import ast
import builtins
import dis
import inspect
import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import CodeType, FunctionType, ModuleType
from typing import Any

from dsl.errors import ExportError
from dsl.export.code import function_head
from dsl.export.expressions import (
    expression,
    fill,
    names_in,
    rewritten,
    simplified,
)
from dsl.language.initialisers import INITIALISERS, Init
from dsl.language.kinds import Kind
from dsl.language.registry import Primitive, Scope
from dsl.syntax import syntax_tree


class MeaningDeclarations:
    """The declarations as a file over the namespace `xp` holds them, noted as they are used.

    **Arguments:** `xp`: the name of the array namespace in the file. `array`: the type of an array.
    """

    def __init__(self, xp: str, array: str):
        self.xp = xp
        self.array = array
        self.functions: dict[str, str] = {}
        self.constants: dict[str, None] = {}

    def template(self, primitive: Primitive) -> ast.expr | None:
        """The returned expression of a primitive's declaration; None if it takes more, or is one
        thing or another."""
        body, _ = meaning(primitive.meaning)
        if body is None or set(names_in(body)) - {"xp", *primitive.params}:
            return None
        if isinstance(body, ast.IfExp):
            return None
        return fill(body, {"xp": expression(self.xp)})

    def first_value(self, rule: Init, numbers: Sequence[ast.expr]) -> ast.expr:
        """The expression for the first value of a slot, over the parameter `w`.

        **Arguments:** `numbers`: those that it starts from, as expressions.
        """
        declared = INITIALISERS[rule.rule]
        body, _ = meaning(declared.fill)
        if body is None:
            raise ExportError(f"initialiser '{rule.rule}' is not a single expression")
        values = dict(zip(declared.params, numbers, strict=True))
        body = _spelled_out(body, declared.fill.__globals__)
        return simplified(fill(body, {"xp": expression(self.xp), **values}))

    def function(self, primitive: Primitive) -> str:
        """The name of the function of the file that does what a primitive's declaration does."""
        label = f"_{primitive.name}"
        if label not in self.functions:
            self._borrow_for(primitive.meaning)
            self.functions[label] = self._text(label, primitive)
        return label

    def _text(self, label: str, primitive: Primitive) -> str:
        lists = primitive.scope is Scope.MODEL

        def type_of(kind: Kind | None, number: str) -> str:
            if kind in (None, Kind.SCALAR, Kind.GLOBAL):
                return number
            one = f"tuple[{self.array}, ...]" if kind.many else self.array
            return f"list[{one}]" if lists else one

        pairs = zip(primitive.params, primitive.signature.params, strict=True)
        params = [f"{param}: {type_of(kind, 'Any')}" for param, kind in pairs]
        number = "Any" if lists else self.array  # Python's 0 for a model without tensors
        head = function_head(0, label, params, type_of(primitive.signature.result, number))
        _, source = meaning(primitive.meaning)
        old_head = re.search(r"\):\n|:\n", source)
        assert old_head is not None
        return "\n".join([*head, self._over_arrays(source[old_head.end() :])])

    def _over_arrays(self, source: str) -> str:
        """A text with the namespace of the file, which is handed to no function."""
        return re.sub(r"\bxp\b", self.xp, source.replace("(xp, ", "(").replace("(xp)", "()"))

    def _borrow_for(self, user: Callable[..., Any]) -> None:
        """Note what a function of ours uses; ExportError if a file cannot hold it."""
        user = inspect.unwrap(user)
        for used in _globals(user.__code__):
            value = user.__globals__.get(used)
            if isinstance(value, FunctionType):
                if used not in self.functions:
                    self._borrow_for(value)
                    self.functions[used] = self._over_arrays(meaning(value)[1])
            elif isinstance(value, int | float) or _are_numbers(value):
                self.constants[f"{used} = {value!r}"] = None
            elif isinstance(value, ModuleType) or (
                value is not None and not hasattr(builtins, used)
            ):
                raise ExportError(
                    f"'{user.__name__}' uses '{used}', which an exported file cannot hold"
                )


def _are_numbers(value: object) -> bool:
    """True for a tuple of numbers."""
    return isinstance(value, tuple) and all(isinstance(each, int | float) for each in value)


def _globals(code: CodeType) -> list[str]:
    """The names that a function, with those inside of it, reads from its module or the builtins."""
    reads = [i.argval for i in dis.get_instructions(code) if i.opname == "LOAD_GLOBAL"]
    inner = (part for part in code.co_consts if isinstance(part, CodeType))
    return list(dict.fromkeys([*reads, *(name for part in inner for name in _globals(part))]))


def _spelled_out(node: ast.expr, known: Mapping[str, object]) -> ast.expr:
    """The expression with the functions that it calls written out, those of one expression."""

    def written(node: ast.expr) -> ast.expr:
        match node:
            case ast.Call(ast.Name(id), args, []) if isinstance(known.get(id), FunctionType):
                function = known[id]
                assert isinstance(function, FunctionType)
                body, _ = meaning(function)
                if body is not None:
                    params = function.__code__.co_varnames[: function.__code__.co_argcount]
                    return fill(body, dict(zip(params, args, strict=True)))
        return node

    return rewritten(node, written)


@lru_cache(maxsize=512)
def meaning(function: Callable[..., object]) -> tuple[ast.expr | None, str]:
    """The expression that a function returns, if that is all it does, and its source text."""
    source = textwrap.dedent(inspect.getsource(function))
    tree = syntax_tree(source).body[0]
    assert isinstance(tree, ast.FunctionDef)
    lines = source.splitlines()[tree.lineno - 1 :]
    body = tree.body
    if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
        body = body[1:]
    single = None
    if len(body) == 1 and isinstance(body[0], ast.Return):
        single = body[0].value
    return single, "\n".join(lines)
