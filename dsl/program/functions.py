"""Functions of a text before their bodies are read: heads, names, statements."""

import ast
from collections.abc import Mapping

from dsl.errors import FormError
from dsl.program.places import Places


def statements(function: ast.FunctionDef) -> list[ast.stmt]:
    """The statements of a function below its docstring."""
    has_docstring = ast.get_docstring(function) is not None
    return function.body[1:] if has_docstring else list(function.body)


def local_names(function: ast.FunctionDef) -> dict[str, str]:
    """The names that a function binds somewhere, with what they are in the words of errors."""
    args = function.args
    found = {node.arg: "a parameter" for node in (*args.args, *args.kwonlyargs)}
    for node in function.body:
        for target in node.targets if isinstance(node, ast.Assign) else ():
            parts = target.elts if isinstance(target, ast.Tuple) else [target]
            for part in parts:
                if isinstance(part, ast.Name):
                    found.setdefault(part.id, f"a value of line {node.lineno}")
    return found


def check_head(places: Places, function: ast.FunctionDef, what: str) -> None:
    """FormError if the head of a function ("a rule", "a helper") has what the language has not."""
    args, unannotated = function.args, f"{what} has no annotations"
    if function.decorator_list:
        refusal = FormError("a program file has no decorators")
        raise places.at(function.decorator_list[0], refusal)
    if function.returns is not None:
        raise places.at(function.returns, FormError(unannotated, help=_KINDS[what]))
    for star in (args.vararg, args.kwarg):
        if star is not None:
            raise places.at(star, FormError(f"{what} has no *args or **kwargs"))
    for node in (*args.args, *args.kwonlyargs):
        if node.annotation is not None:
            raise places.at(node.annotation, FormError(unannotated, help=_KINDS[what]))
    if args.posonlyargs:
        raise places.at(args.posonlyargs[0], FormError(f"{what} has no `/` in its parameters"))


_KINDS: Mapping[str, str] = {
    "a rule": "initialisers tell the kinds of its slots",
    "a helper": "its parameters have the kinds of what it is given",
}
