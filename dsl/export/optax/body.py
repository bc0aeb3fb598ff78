"""The lines of `update` that follow the rule.

Every line is a tree of one value per parameter tensor made by `jax.tree.map`, or a number.
"""

import ast
import builtins
from collections.abc import Sequence
from typing import assert_never

from dsl.export.code import Code, function_head
from dsl.export.emit import Emitter
from dsl.export.expressions import call, expression, fill, function_of, names_in, number, show
from dsl.export.names import Names
from dsl.export.optax.values import LIKE, OptaxDialect, spread_to, without_indicator
from dsl.export.shapes import alike
from dsl.language.kinds import Kind
from dsl.language.numbers import format_number
from dsl.language.registry import Scope
from dsl.program import Arg, Const, Local, Name

DTYPE = "jnp.result_type(jnp.float32, *jax.tree.leaves(updates))"
"""The dtype of numbers of the model."""


class Body:
    """Writes the lines of statements into `code`."""

    def __init__(self, values: OptaxDialect, emitter: Emitter):
        self.values = values
        self.facts = values.facts
        self.emitter = emitter
        self.code = Code(8, opens=False)
        self._done: set[int] = set()
        self._lifted: dict[tuple[Arg, Kind], ast.expr] = {}

    def make(self, roots: Sequence[Arg]) -> None:
        """Lines for what `roots` need."""
        for index in self.emitter.demanded(roots, self._done):
            self._line(index)
            self._done.add(index)

    def outer(self, arg: Arg) -> ast.expr:
        """A value as `update` names it."""
        match arg:
            case Name("w"):
                return ast.Name("params")
            case Name("g"):
                return ast.Name("updates")
            case Name("T"):
                return expression("float(horizon)")
            case Name(id) if id in self.values.fields:
                return expression(f"state.{self.values.fields[id]}")
            case Name(id):
                return ast.Name(self.emitter.called.get(id, id))
            case Local(index):
                return ast.Name(self.emitter.line_names[index])
            case Const(value):
                return number(value)
        assert_never(arg)

    def lifted(self, arg: Arg, kind: Kind) -> ast.expr:
        """A value as a tree of `kind`; a line that lifts it if it is of a lower one."""
        have = self.emitter.kind(arg)
        value = self.emitter.value(arg, self.outer)
        if alike(have, kind):
            return value
        if (arg, kind) not in self._lifted:
            label = self.emitter.names.take("spread")
            like = Names(names_in(value) if have is Kind.GLOBAL else ()).take("g")
            if have is Kind.GLOBAL:
                params, trees, one = [like], [ast.Name("updates")], value
            else:
                params, trees, one = ["x", like], [value, ast.Name("updates")], ast.Name("x")
            function = function_of(params, spread_to(one, kind, ast.Name(like)))
            self.code.assign(label, call("jax.tree.map", function, *trees))
            self._lifted[arg, kind] = ast.Name(label)
        return self._lifted[arg, kind]

    def _line(self, index: int) -> None:
        """The line of one statement."""
        primitive, label = self.facts.primitive(index), self.emitter.line_names[index]
        if primitive.lazy:
            self._choose(index)
        elif primitive.scope is Scope.STEP:
            self.code.assign(label, self.values.ask(primitive, self._trees(index)))
        elif primitive.scope is Scope.MODEL:
            args = [
                arg if want is Kind.GLOBAL else _leaves(arg, want)
                for arg, want in zip(self._trees(index), self.facts.wanted(index), strict=True)
            ]
            made = call(self.values.declared.function(primitive), *args)
            if primitive.signature.result is not Kind.GLOBAL:
                made = call("jax.tree.unflatten", ast.Name("treedef"), made)
            self.code.assign(label, made)
        elif self.emitter.kind(Local(index)) is Kind.GLOBAL:
            self.code.assign(label, self.emitter.expression(index, self.outer))
        else:
            self.code.assign(label, self._mapped(index))

    def _choose(self, index: int) -> None:
        """`when`: two functions and a `jax.lax.cond`."""
        flag, *choices = self.emitter.program.statements[index].args
        kind, label = self.emitter.kind(Local(index)), self.emitter.line_names[index]
        functions = []
        for arg, title in zip(choices, ("new", "old"), strict=True):
            function = self.emitter.names.take(f"{label}_{title}")
            functions.append(ast.Name(function))
            self.code.blank()
            self.code.lines += function_head(self.code.indent, function, [], "Any")
            self.code.lines += [*self._branch(arg, kind), ""]
        test = ast.Compare(self.emitter.value(flag, self.outer), [ast.NotEq()], [ast.Constant(0)])
        self.code.assign(label, call("jax.lax.cond", without_indicator(test), *functions))

    def _branch(self, arg: Arg, kind: Kind) -> list[str]:
        """The lines of a function that makes and returns one choice of `when`."""
        outside = self.code, set(self._done), dict(self._lifted)
        self.code = self.code.inner()
        self.make([arg])
        value = self.lifted(arg, kind)
        if kind is Kind.GLOBAL:
            made = call("jnp.asarray", value, expression(DTYPE))
        elif kind.many:
            function = expression("lambda g, x: tuple(m.astype(g.dtype) for m in x)")
            made = call("jax.tree.map", function, ast.Name("updates"), value)
        else:
            made = call("optax.tree.cast_like", value, ast.Name("updates"))
        self.code.put("return ", made)
        lines = self.code.lines
        self.code, self._done, self._lifted = outside
        return lines

    def _trees(self, index: int) -> list[ast.expr]:
        """The arguments of a statement that works on the whole model, lifted to trees."""
        made = []
        args = self.emitter.program.statements[index].args
        for arg, want in zip(args, self.facts.wanted(index), strict=True):
            if want is not Kind.GLOBAL:
                made.append(self.lifted(arg, want))
            elif isinstance(arg, Const):
                made.append(expression(format_number(arg.value)))
            else:
                made.append(self.emitter.value(arg, self.outer))
        return made

    def _mapped(self, index: int) -> ast.Call:
        """A statement over trees: `jax.tree.map` of a function of what it reads.

        It maps tensor by tensor, so a tree with an array for each comes first; where a statement
        maps the several arrays of a tensor one by one, all trees have as many.
        """
        emitter, args = self.emitter, self.emitter.reads(index)
        trees = [arg for arg in args if emitter.kind(arg) is not Kind.GLOBAL]
        by_part, made = self.facts.by_part(index), emitter.kind(Local(index))
        captured = {"jax", "jnp", *dir(builtins), *self.values.declared.functions}
        for arg in args:
            if arg not in trees:
                captured.update(names_in(self.outer(arg)))
        shape_of = Name("g")
        marked = emitter.expression(index, lambda arg: ast.Name("x"))
        if shape_of not in trees and (LIKE in names_in(marked) or not trees):
            trees.append(shape_of)
        if not by_part:
            trees.sort(key=self._has_several)
        params = self._params(trees, captured)
        body = emitter.expression(
            index, lambda arg: ast.Name(params[arg]) if arg in params else self.outer(arg)
        )
        body = fill(body, {LIKE: ast.Name(params.get(shape_of, LIKE))})
        labels, given = list(params.values()), [*map(self.outer, trees)]
        if by_part:
            given = [self.lifted(arg, made) for arg in trees]
        elif self._has_several(trees[0]):
            labels, given = ["_", *labels], [ast.Name("updates"), *given]
        function: ast.expr = function_of(labels, body)
        match body:
            case ast.Call(func, passed, []) if list(map(show, passed)) == labels:
                function = func
        return call("jax.tree.map", function, *given)

    def _has_several(self, arg: Arg) -> bool:
        """True if a tree has several arrays for each parameter tensor."""
        return arg != Name("g") and self.emitter.kind(arg).many

    def _params(self, trees: list[Arg], captured: set[str]) -> dict[Arg, str]:
        """A parameter of the function for each tree that it maps over; lines choose first."""
        params: dict[Arg, str] = {}
        for arg in sorted(trees, key=lambda arg: not isinstance(arg, Local)):
            if isinstance(arg, Local):
                wanted = self.emitter.line_names[arg.index]
                other = f"{wanted}_new"
            else:
                assert isinstance(arg, Name)
                wanted = self.values.fields.get(arg.id, arg.id)
                other = f"{wanted}_prev" if arg.id in self.values.fields else f"{wanted}_raw"
            while wanted in captured | set(params.values()):
                wanted, other = other, f"{other}_"
            params[arg] = wanted
        return {arg: params[arg] for arg in trees}


def _leaves(tree: ast.expr, kind: Kind) -> ast.expr:
    """A tree as a list with an entry for each parameter tensor."""
    if kind.many:
        return call("treedef.flatten_up_to", tree)
    return call("jax.tree.leaves", tree)
