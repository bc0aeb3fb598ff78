"""Public functions that take or return arrays state their shapes, which the tests check."""

import ast
from collections.abc import Iterator

import numpy as np
import pytest

from dsl.language.closed_form import flat
from tests.support.shape_checks import PACKAGES, ROOT

ARRAYS = {"ndarray", "NDArray", "Array", "ArrayLike"}
"""The names of types that say nothing of a shape."""


def public(tree: ast.Module | ast.ClassDef) -> Iterator[ast.stmt]:
    """Functions, methods, fields and names of types that a module or class offers."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from public(node)
        elif isinstance(node, ast.FunctionDef):
            if node.name == "__init__" or not node.name.startswith("_"):
                yield node
        elif isinstance(node, ast.AnnAssign | ast.Assign):
            yield node


def annotations(node: ast.stmt) -> Iterator[ast.expr | None]:
    """The types that a statement states."""
    if isinstance(node, ast.FunctionDef):
        args = node.args
        every = (*args.posonlyargs, *args.args, *args.kwonlyargs, args.vararg, args.kwarg)
        yield from (arg.annotation for arg in every if arg)
        yield node.returns
    elif isinstance(node, ast.AnnAssign):
        yield node.annotation
        yield node.value if ast.unparse(node.annotation) == "TypeAlias" else None
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript | ast.BinOp):
        yield node.value


def shapeless(annotation: ast.AST | None) -> bool:
    """True if a type names arrays without the text of a shape beside them."""
    if annotation is None:
        return False
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            return shapeless(ast.parse(annotation.value, mode="eval"))
        except SyntaxError:
            return False
    if isinstance(annotation, ast.Subscript) and isinstance(annotation.slice, ast.Tuple):
        shape = annotation.slice.elts[-1]
        if isinstance(shape, ast.JoinedStr) or (
            isinstance(shape, ast.Constant) and isinstance(shape.value, str)
        ):
            return False
    name = getattr(annotation, "id", None) or getattr(annotation, "attr", None)
    return name in ARRAYS or any(map(shapeless, ast.iter_child_nodes(annotation)))


def statements_without_shapes(source: str) -> list[int]:
    """The lines of the public statements that name arrays and no shape."""
    return [
        node.lineno for node in public(ast.parse(source)) if any(map(shapeless, annotations(node)))
    ]


def test_every_public_function_whose_signature_names_an_array_type_states_a_shape():
    found = [
        f"{file.relative_to(ROOT)}:{line}"
        for package in PACKAGES
        for file in sorted((ROOT / package).rglob("*.py"))
        for line in statements_without_shapes(file.read_text(encoding="utf-8"))
    ]
    assert found == []


@pytest.mark.parametrize(
    ("line", "stated"),
    [
        ("def f(x: np.ndarray) -> None: ...", False),
        ("def f(x: Float[np.ndarray, 'a b']) -> list[Array]: ...", False),
        ("def f(*x: 'jax.Array | None') -> None: ...", False),
        ("class C:\n    def __init__(self, x: NDArray[np.float64]): ...", False),
        ("class C:\n    x: Callable[[Params], Array]", False),
        ("Leaves = list[np.ndarray]", False),
        ("def f(x: Float[np.ndarray | jax.Array, ' a']) -> dict[str, Int[Array, '']]: ...", True),
        ("def f(x: float, y: Leaves) -> 'Interval': ...", True),
        ("def _f(x: np.ndarray) -> None: ...", True),
        ("class _C:\n    x: np.ndarray", True),
    ],
)
def test_a_type_without_a_shape_is_told_from_one_with(line, stated):
    assert (statements_without_shapes(line) == []) == stated


def test_what_is_stated_is_checked_at_every_call():
    with pytest.raises(TypeError, match="leaves"):
        flat([np.zeros(2, int)])
    with pytest.raises(TypeError, match="leaves"):
        flat(np.float64(1))
    assert flat([np.float64(1), np.ones((2, 1))]).tolist() == [1, 1, 1]
