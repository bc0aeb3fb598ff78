"""Text to program: reads the syntax tree, executes nothing.

The text is a Python function (`dsl.program` shows one), and helpers of it above. Allowed inside: a
docstring, assignments of expressions to single names, and one `return` at the end, of what is
subtracted and, if it is not the parameters, of the point to evaluate. Expressions are names,
numbers, arithmetic, one comparison, and calls of primitives with positional arguments and of
helpers. Everything else is an error with its place; a file from a stranger is data.
"""

import ast
import re
import warnings
from collections.abc import Mapping

from dsl.errors import DslError, FormError
from dsl.language.initialisers import Init, NamedStart
from dsl.language.names import check_name
from dsl.program.body import Body
from dsl.program.builder import Builder
from dsl.program.functions import check_head, local_names, statements
from dsl.program.helpers import Helpers
from dsl.program.places import Places
from dsl.program.program import Program
from dsl.program.refusals import not_a_function, returns_many
from dsl.program.stated import stated
from dsl.program.terms import Arg
from dsl.syntax import syntax_tree

MAX_CHARACTERS = 100_000
_START = "a slot starts from numbers and names of hyperparameters"
_ITS_OWN = "give what is worked out a hyperparameter of its own, or a number"
_MARK = "\ufeff"
"""The byte-order mark that some editors put before a text."""


def parse(text: str) -> Program:
    """The program that `text` spells.

    **Raises:** DslError with the place and a help line if the text is not a program.
    """
    text = text.removeprefix(_MARK)
    if len(text) > MAX_CHARACTERS:
        raise FormError(f"a program of {len(text)} characters; the limit is {MAX_CHARACTERS}")
    source = re.split(r"\r\n|\r|\n", text)  # as Python counts lines; str.splitlines finds more
    try:
        return _program(_syntax_tree(text), Places(source))
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
            return syntax_tree(text)
        except ValueError as error:  # null characters, unpaired surrogates
            raise FormError(f"not a program: {error}") from None


class _Rule(Body):
    """Reads the rule itself: its names are those of the builder."""

    def read(self, name: str) -> Arg:
        return self.build.read(name)

    def assign(self, name: str, value: Arg) -> None:
        self.build.assign(name, value)

    def binds(self, name: str) -> bool:
        return name in self.build.bound

    def without_return(self) -> DslError:
        return FormError(
            "the rule ends without `return`",
            help="return what is subtracted from w, e.g. `return lr * g`",
        )

    def signature(self, args: ast.arguments) -> None:
        """Declare the inputs, slots and hyperparameters."""
        guard, build = self.places.guard, self.build
        plain = len(args.args) - len(args.defaults)
        numbers = {}
        for node, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
            if default is None:
                refusal = f"hyperparameter '{node.arg}' has no default"
                raise self.places.at(node, FormError(refusal, help=f"write {node.arg}=0.1"))
            numbers[node.arg] = guard(default, lambda d=default: self.default(d))
        for node in args.args[:plain]:
            guard(node, lambda n=node: build.declare_input(n.arg))
        for node, default in zip(args.args[plain:], args.defaults, strict=True):
            start = guard(default, lambda d=default: self.initialiser(d, numbers))
            guard(node, lambda n=node, s=start: build.declare_slot(n.arg, s))
        for node in args.kwonlyargs:
            guard(node, lambda n=node: build.declare_hyper(n.arg, numbers[n.arg]))

    def initialiser(self, node: ast.expr, defaults: Mapping[str, float]) -> Init:
        match node:
            case ast.Name(id):
                return Init(id)
            case ast.Call(func=ast.Name(id), args=args, keywords=[]):
                return NamedStart(id, tuple(map(self.start, args))).at(defaults)
        raise self.places.at(
            node,
            FormError(
                "a slot starts as an initialiser",
                help="zeros, ones, const(1e-6), copy_w, ...; hyperparameters stand behind the `*`",
            ),
        )

    def start(self, node: ast.expr) -> float | str:
        """The number that an initialiser is given, or the name of a hyperparameter."""
        match node:
            case ast.Name(id) | ast.Constant(str(id)):
                return id
        if any(isinstance(part, ast.Name) for part in ast.walk(node)):
            raise self.places.at(node, FormError(_START, help=_ITS_OWN))
        return self.number(node, _START, _ITS_OWN)

    def default(self, node: ast.expr) -> float:
        return self.number(node, "a default is a number", "e.g. lr=1e-3")

    def program(self, function: ast.FunctionDef) -> Program:
        """The program, when the signature is read."""
        value = self.run(statements(function), function)
        returned = value.elts if isinstance(value, ast.Tuple) else [value]
        if len(returned) != 2 and isinstance(value, ast.Tuple):
            raise self.places.at(value, returns_many(len(returned)))
        found = [self.places.guard(n, lambda n=n: self.expression(n)) for n in returned]
        return self.places.guard(value, lambda: self.build.finish(*found))


def _program(tree: ast.Module, places: Places) -> Program:
    """The program of the functions of a text: the last is the rule, those above are its helpers."""
    functions: list[ast.FunctionDef] = []
    for node in tree.body:
        if not isinstance(node, ast.FunctionDef):
            raise places.at(node, not_a_function(node))
        functions.append(node)
    if not functions:
        raise FormError(
            "a program is a function, and there is none",
            help="def my_rule(w, g, *, lr=1e-3): ... return lr * g",
        )
    *above, function = functions
    places.function = function.name
    build = Builder(function.name, (ast.get_docstring(function) or "").rstrip())
    places.guard(function, lambda: check_name(function.name, "a rule"))
    check_head(places, function, "a rule")
    helpers = Helpers(places, above, build)
    helpers.declare(function)
    rule = _Rule(helpers, local_names(function), len(above))
    rule.signature(function.args)
    _check_docstring(function, places, build)
    return rule.program(function)


def _check_docstring(function: ast.FunctionDef, places: Places, build: Builder) -> None:
    """Errors of what the docstring states of hyperparameters, at their lines."""
    try:
        stated(build.doc, build.hyperparameters)
    except DslError as error:
        text = function.body[0]
        text.lineno += error.docstring_line or 0
        text.end_lineno, text.col_offset = text.lineno, 0
        line = places.source[min(text.lineno, len(places.source)) - 1]
        text.col_offset = len(line.encode()) - len(line.lstrip().encode())
        text.end_col_offset = len(line.rstrip().encode())
        raise places.at(text, error) from None
