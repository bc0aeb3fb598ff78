"""The functions and methods that a PyTorch file holds: those that declarations give, and others."""

import ast
import re
import textwrap
from collections.abc import Iterable, Iterator
from functools import lru_cache

from dsl.errors import ExportError
from dsl.export.code import names_used, refusal
from dsl.export.layout import WIDTH
from dsl.export.torch import sharded, texts, whole_model
from dsl.export.torch.texts import CALLED_BY, GROUP, METHODS
from dsl.language.registry import PRIMITIVES, Primitive
from dsl.syntax import syntax_tree

FUNCTIONS = {**texts.FUNCTIONS, **sharded.FUNCTIONS, **whole_model.FUNCTIONS}
"""The functions and classes that stand in no declaration, by name."""


class TorchDeclarations:
    """The functions and methods that a file holds, noted as its expressions call them."""

    def __init__(self) -> None:
        self.functions: dict[str, str] = {}
        self.methods: dict[str, str] = {}

    def function(self, name: str) -> str:
        """The name of one of the functions that stand in no declaration; notes what it uses."""
        if name not in self.functions:
            self.functions[name] = FUNCTIONS[name].strip("\n")
            for used in sorted(names_used([FUNCTIONS[name]]) & FUNCTIONS.keys()):
                self.function(used)
        return name

    def asking(self) -> None:
        """The functions and classes that ask for the loss at shards."""
        for name in whole_model.FUNCTIONS:
            self.function(name)

    def group_without_rate(self, title: str, has: list[str]) -> None:
        """The class of a group that says what it lacks and what it has instead."""
        named = f"what it has is {', '.join(has)}" if has else "it has no hyperparameters"
        message = f"{title} has no learning rate lr for a scheduler to change: {named}"
        lines = [GROUP.strip("\n"), *refusal(8, "KeyError", message)]
        self.functions.setdefault("_Group", "\n".join(lines))

    def function_of(self, primitive: Primitive) -> str:
        """The name of the function that a primitive's declaration holds, the last one there."""
        defined = dict(_functions_of(primitive.torch))
        name = [*defined][-1]
        defined[name] = _documented(defined[name], primitive.doc)
        for name, text in defined.items():
            self.functions.setdefault(name, text)
            for used in sorted(names_used([text]) & FUNCTIONS.keys()):
                self.function(used)
        return name

    def functions_in(self, lines: Iterable[str]) -> None:
        """Note the functions that stand in no declaration and that lines call."""
        for name in re.findall(r"\b_\w+", "\n".join(lines)):
            if name in FUNCTIONS:
                self.function(name)

    def methods_in(self, node: ast.expr) -> None:
        """Note the methods that an expression calls."""
        for name in _own_calls(ast.Expression(node)):
            self.method(name)

    def method(self, name: str) -> None:
        """Note a method and those that it calls; ExportError if no method has the name."""
        texts = [METHODS, *(p.oracle.methods for p in PRIMITIVES.values() if p.oracle)]
        known = {found: each for text in texts for found, each in _methods_of(text).items()}
        if name not in known:
            raise ExportError(f"a PyTorch file cannot express '{name.strip('_')}'")
        text, called = known[name]
        if name in CALLED_BY:
            self.function(CALLED_BY[name])
        if name not in self.methods:
            self.methods[name] = text
            for each in called:
                self.method(each)


@lru_cache(maxsize=256)
def _functions_of(text: str) -> dict[str, str]:
    """The functions in a text by name."""
    lines, found = text.splitlines(), {}
    for each in syntax_tree(text).body:
        assert isinstance(each, ast.FunctionDef)
        found[each.name] = "\n".join(lines[each.lineno - 1 : each.end_lineno])
    return found


def _documented(text: str, doc: str) -> str:
    """A function that says what it does: in the first paragraph of `doc`."""
    lines, (function,) = text.splitlines(), syntax_tree(text).body
    assert isinstance(function, ast.FunctionDef)
    said = textwrap.wrap(" ".join(doc.split("\n\n")[0].split()), WIDTH - len('    """"""'))
    if len(said) == 1:
        told = [f'    """{said[0]}"""']
    else:
        told = [f'    """{said[0]}', *(f"    {line}" for line in said[1:]), '    """']
    told += [""] if isinstance(function.body[0], ast.FunctionDef) else []
    start = function.body[0].lineno - 1
    return "\n".join([*lines[:start], *told, *lines[start:]])


@lru_cache(maxsize=256)
def _methods_of(text: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """The methods in a text by name: the text of each, and the methods that it calls."""
    source = f"class _:\n{text}\n    pass"
    holder = syntax_tree(source).body[0]
    assert isinstance(holder, ast.ClassDef)
    found = {}
    for each in holder.body:
        if isinstance(each, ast.FunctionDef):
            lines = source.splitlines()[each.lineno - 1 : each.end_lineno]
            found[each.name] = "\n".join(lines), tuple(_own_calls(each))
    return found


def _own_calls(node: ast.AST) -> Iterator[str]:
    """The names of the methods that a method calls, in the order of the text."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.Call(ast.Attribute(ast.Name("self"), attr)) if attr.startswith("_"):
                yield attr
        yield from _own_calls(child)
