"""Values as people write them on a command line: Python's literals, dotted names, and calls.

    lr=1/3, nus=[0.7, 1], foreach=false, mu_dtype=jax.numpy.bfloat16,
    base_optimizer=torch.optim.SGD, optimizer=torch.optim.SGD(lr=0.1, momentum=0.9)

Nothing is run but the import of a module and the operators of numbers; a call is made later, by
the reader, since an optimizer of PyTorch wants the parameters first.
"""

import ast
import importlib
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from dsl.syntax import expression_tree
from stepsmith.errors import UsageError

_WORDS: Mapping[str, Any] = {
    **{"true": True, "false": False, "none": None},
    **{"inf": math.inf, "infinity": math.inf, "nan": math.nan},
}
"""Names without a dot that are values, in any case; another one is a word."""

_OPERATORS: Mapping[type[ast.AST], Callable[..., Any]] = {
    **{ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul},
    **{ast.Div: operator.truediv, ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod},
    **{ast.Pow: operator.pow, ast.USub: operator.neg, ast.UAdd: operator.pos},
}


@dataclass(frozen=True)
class Call:
    """A call to be made: of a class or a factory, with arguments that may be calls too."""

    factory: Callable[..., Any]
    args: tuple[Any, ...] = ()
    keywords: Mapping[str, Any] = field(default_factory=dict)


def named_values(text: str, option: str) -> dict[str, Any]:
    """The values in `NAME=VALUE,...`; `option` is where the text stands. UsageError if it is
    something else."""
    found: dict[str, Any] = {}
    for part in _parts(text):
        name, equals, written = part.partition("=")
        if not equals or not name.strip().isidentifier():
            raise UsageError(
                f"{option}: '{part}' is not NAME=VALUE\nhelp: a tuple is written nus=(0.7, 1)"
            )
        try:
            found[name.strip()] = value(written)
        except ValueError as error:
            raise UsageError(f"{option}: {error}, for '{name.strip()}'") from None
    return found


def numbers(text: str, option: str) -> dict[str, float]:
    """The numbers in `NAME=VALUE,...` by name; `option` is where the text stands."""
    found = {}
    for name, given in named_values(text, option).items():
        if isinstance(given, bool) or not isinstance(given, int | float):
            raise UsageError(f"{option}: '{_plain(given)}' is not a number, for '{name}'")
        found[name] = float(given)
    return found


def _plain(given: Any) -> str:
    return given if isinstance(given, str) else repr(given)


def _parts(text: str) -> list[str]:
    """A text between the commas that stand outside of brackets and quotes."""
    parts, depth, quote = [""], 0, ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        else:
            depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0 and not quote:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


def value(text: str) -> Any:
    """The value of a text; lists are tuples. ValueError, with what is wrong, if it has none."""
    try:
        node = expression_tree(text.strip())
    except (SyntaxError, ValueError):
        raise ValueError(f"'{text.strip()}' is not a value as Python writes one") from None
    try:
        return _evaluated(node)
    except (ArithmeticError, TypeError) as error:
        raise ValueError(f"'{text.strip()}' has no value ({error})") from None


def is_call(text: str) -> bool:
    """True for the text of a call of a dotted name."""
    try:
        node = expression_tree(text.strip())
    except (SyntaxError, ValueError):
        return False
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)


def _evaluated(node: ast.expr) -> Any:
    match node:
        case ast.Constant(constant):
            return constant
        case ast.Tuple(elements) | ast.List(elements):
            return tuple(map(_evaluated, elements))
        case ast.Dict(keys, values) if None not in keys:
            read = [_evaluated(key) for key in keys if key is not None]
            return dict(zip(read, map(_evaluated, values), strict=True))
        case ast.Name(word):
            return _WORDS.get(word.lower(), word)
        case ast.Attribute():
            return dotted(ast.unparse(node))
        case ast.UnaryOp(operand=operand, op=op) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_evaluated(operand))
        case ast.BinOp(left=left, right=right, op=op):
            return _combined(op, _evaluated(left), _evaluated(right))
        case ast.Call(func=ast.Attribute() as func, args=args, keywords=keywords):
            if all(keyword.arg for keyword in keywords):
                given = {str(each.arg): _evaluated(each.value) for each in keywords}
                factory = dotted(ast.unparse(func))
                return Call(factory, tuple(map(_evaluated, args)), given)
    raise ValueError(f"'{ast.unparse(node)}' is neither a literal, a dotted name nor a call of one")


def _combined(op: ast.operator, left: Any, right: Any) -> Any:
    """An operator of numbers; of others there is none here."""
    for each in (left, right):
        if not isinstance(each, int | float):
            raise ValueError(f"'{each}' is not a number")
    if type(op) not in _OPERATORS:
        raise ValueError("of operators there are + - * / // % **")
    if isinstance(op, ast.Pow):
        left = float(left)  # the power of whole numbers may never end
    return _OPERATORS[type(op)](left, right)


def dotted(path: str) -> Any:
    """The object of a dotted name; ValueError if nothing has it."""
    module_name, _, name = path.rpartition(".")
    try:
        holder = importlib.import_module(module_name)
    except ImportError as error:
        if "." not in module_name:
            raise ValueError(f"cannot import '{module_name}': {error}") from None
        holder = dotted(module_name)  # an attribute of a class, or of a module's attribute
    found = getattr(holder, name, holder)
    if found is holder:
        raise ValueError(f"'{module_name}' has no '{name}'")
    return found
