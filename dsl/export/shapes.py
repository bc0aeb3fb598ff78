"""Shapes of values in emitted files: what the declaration of a kind says, as expressions.

Arrays of different kinds broadcast to each other in most element-wise expressions as they stand;
everything else is told the shape, which is the declared one with the parameter's put in.
"""

import ast
import inspect
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from dsl.errors import ExportError
from dsl.export.expressions import call, fill
from dsl.language.kinds import Kind, Shape
from dsl.syntax import syntax_tree

_SAMPLES: tuple[Shape, ...] = ((), (2,), (2, 3), (2, 3, 5), (2, 3, 5, 7))
"""Shapes of parameters, on which kinds are compared."""


def shape_of(kind: Kind, of: ast.expr) -> ast.expr:
    """The shape of the array that belongs to a parameter of shape `of`; of several, all shapes."""
    shape = kind.declared.shape
    assert shape is not None, "one number serves the whole model"
    param, body = _only_expression(shape)
    one = fill(body, {param: of})
    if kind.length is None:
        return one
    return ast.Tuple([ast.Constant(kind.length), ast.Starred(one)])


def spread(kind: Kind, of: ast.expr, one: Callable[[ast.expr], ast.expr], several: str) -> ast.expr:
    """A value of `kind` for a parameter of shape `of`.

    **Arguments:** `one`: the array of a shape. `several`: what holds the arrays of a kind that has
    several for a parameter, `"list"` or `"tuple"`.
    """
    shape = shape_of(kind, of)
    if not kind.many:
        return one(shape)
    match shape:
        case ast.Call(ast.Name("tuple"), [ast.GeneratorExp(elt, loops)], []):
            pass
        case _:
            target = ast.Name("shape")
            elt, loops = target, [ast.comprehension(target, shape, [], 0)]
    if several == "list":
        return ast.ListComp(one(elt), loops)
    return call(several, ast.GeneratorExp(one(elt), loops))


@cache
def alike(kind: Kind, other: Kind) -> bool:
    """True if values of both kinds are arrays of the same shapes."""
    if kind is other:
        return True
    shape, others = kind.shape, other.shape
    if shape is None or others is None:
        return False
    return kind.many == other.many and all(shape(of) == others(of) for of in _SAMPLES)


@cache
def fills(kinds: Sequence[Kind], to: Kind) -> bool:
    """True if arrays of these kinds broadcast to the shape of `to` when they stand side by side."""
    assert to.shape is not None
    for of in _SAMPLES:
        shapes = [kind.shape(of) for kind in kinds if kind.shape is not None]
        if np.broadcast_shapes(*shapes) != to.shape(of):
            return False
    return True


def _only_expression(function: Callable[..., object]) -> tuple[str, ast.expr]:
    """The parameter and the body of a function, or of a lambda, that is one expression."""
    module = inspect.getmodule(function)
    assert module is not None
    line = function.__code__.co_firstlineno
    for node in ast.walk(_tree(inspect.getsource(module))):
        match node:
            case ast.Lambda(arguments, body) if node.lineno == line:
                return arguments.args[0].arg, body
            case ast.FunctionDef(args=arguments, body=[*_, ast.Return(ast.expr() as body)]) if (
                node.lineno == line and len([s for s in node.body if not _is_doc(s)]) == 1
            ):
                return arguments.args[0].arg, body
    raise ExportError(f"the shape '{function.__name__}' of a kind is not a single expression")


@cache
def _tree(source: str) -> ast.Module:
    return syntax_tree(source)


def _is_doc(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
