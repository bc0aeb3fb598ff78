"""The lines of `update` that follow the rule.

Every line is a tree of one value per parameter tensor made by `jax.tree.map`, or a number.
"""

import ast

from dsl.errors import ExportError
from dsl.export.expressions import arguments, fill, name, names_in, show
from dsl.export.layout import lambda_of, layout
from dsl.export.optax.declarations import meaning
from dsl.export.optax.oracles import NOISE, function, noise, question
from dsl.export.optax.values import Values, comparison
from dsl.language.kinds import Kind
from dsl.language.numbers import format_number
from dsl.language.registry import Scope
from dsl.program import Arg, Const, Local, Name

DTYPE = "jnp.result_type(jnp.float32, *jax.tree.leaves(updates))"
"""The dtype of numbers of the model."""


class Body:
    """Writes the lines of statements, in `lines`."""

    def __init__(self, values: Values):
        self.values = values
        self.program = values.program
        self.lines: list[str] = []
        self.indent = 8
        self._done: set[int] = set()
        self._lifted: dict[tuple[Arg, Kind], str] = {}

    def make(self, roots: list[Arg]) -> None:
        """Lines for what `roots` need."""
        for index in self.values.demanded(roots, self._done):
            self._line(index)
            self._done.add(index)

    def write(self, before: str, parts: list[str] | None = None, after: str = "") -> None:
        """A line, split between its parts where it is long."""
        self.lines += layout(self.indent, before, parts or [], after)

    def lifted(self, arg: Arg, kind: Kind) -> str:
        """A value as the text of a tree of `kind`; a line that lifts it if it is of a lower one."""
        have = self.values.kind(arg)
        value = self.values.value(arg, self.values.outer)
        text = show(value)
        if have is kind:
            return text
        if (arg, kind) not in self._lifted:
            label = self.values.names.take("spread")
            like = "g_raw" if have is Kind.GLOBAL and "g" in names_in(value) else "g"
            shape = f"{like}.shape" if kind is Kind.TENSOR else "()"
            if have is Kind.GLOBAL:
                parts = [f"lambda {like}: jnp.broadcast_to({text}, {shape})", "updates"]
            else:
                parts = [f"lambda x, {like}: jnp.broadcast_to(x, {shape})", text, "updates"]
            self.write(f"{label} = jax.tree.map(", parts, ")")
            self._lifted[arg, kind] = label
        return self._lifted[arg, kind]

    def _line(self, index: int) -> None:
        """The line of one statement."""
        values, primitive = self.values, self.values.primitive(index)
        label = f"{values.line_names[index]} = "
        if primitive.lazy:
            self._choose(index)
        elif primitive.scope is Scope.STEP:
            function, args = arguments(self._ask_step(index))
            self.write(f"{label}{function}(", args, ")")
        elif primitive.scope is Scope.MODEL:
            args = [
                f"jax.tree.leaves({a})" if want is Kind.TENSOR else a
                for a, want in zip(self._trees(index), values.wanted(index), strict=True)
            ]
            function = values.function(primitive)
            if primitive.signature.result is Kind.GLOBAL:
                self.write(f"{label}{function}(", args, ")")
            else:
                leaves = f"{function}({', '.join(args)})"
                self.write(f"{label}jax.tree.unflatten(", ["treedef", leaves], ")")
        elif values.kind(Local(index)) is Kind.GLOBAL:
            self.write(label + show(values.expression(index, values.outer)))
        else:
            self._map(label, index)

    def _choose(self, index: int) -> None:
        """`when`: two functions and a `jax.lax.cond`."""
        flag, *choices = self.program.statements[index].args
        whole = self.values.kind(Local(index)) is Kind.GLOBAL
        label = self.values.line_names[index]
        functions = []
        for arg, title in zip(choices, ("new", "old"), strict=True):
            functions.append(self.values.names.take(f"{label}_{title}"))
            if self.lines and self.lines[-1] and not self.lines[-1].endswith(":"):
                self.lines.append("")
            self.write(f"def {functions[-1]}() -> Any:")
            outside = set(self._done), dict(self._lifted)
            self.indent += 4
            self.make([arg])
            value = self.lifted(arg, self.values.kind(Local(index)))
            if whole:
                self.write("return jnp.asarray(", [value, DTYPE], ")")
            else:
                self.write(f"return optax.tree.cast_like({value}, updates)")
            self.lines.append("")
            self.indent -= 4
            self._done, self._lifted = outside
        flag = self.values.value(flag, self.values.outer)
        test = comparison(ast.Compare(flag, [ast.NotEq()], [ast.Constant(0)]))
        self.write(f"{label} = jax.lax.cond(", [show(test), *functions], ")")

    def _ask_step(self, index: int) -> str:
        """A draw, or a question to an oracle."""
        primitive, args = self.values.primitive(index), self._trees(index)
        functions = self.values.functions
        if primitive.oracle:
            functions[primitive.oracle.jax.__name__] = function(primitive.oracle)
            return question(primitive.oracle, args)
        asked, _ = meaning(primitive.meaning)
        match asked:
            case ast.Call(func=ast.Attribute(attr="noise"), args=[ast.Constant(draw), _]):
                functions["_noise"] = NOISE.strip("\n")
                return noise(str(draw), *args)
        raise ExportError(f"an Optax file cannot express '{primitive.name}'")

    def _trees(self, index: int) -> list[str]:
        """The arguments of a statement that works on the whole model, lifted to trees."""
        made = []
        args = self.program.statements[index].args
        for arg, want in zip(args, self.values.wanted(index), strict=True):
            if want is not Kind.GLOBAL:
                made.append(self.lifted(arg, want))
            elif isinstance(arg, Const):
                made.append(format_number(arg.value))
            else:
                made.append(show(self.values.value(arg, self.values.outer)))
        return made

    def _map(self, label: str, index: int) -> None:
        """A statement over trees: `jax.tree.map` of a lambda over what it reads."""
        values = self.values
        args = values.reads(index)
        trees = [arg for arg in args if values.kind(arg) is not Kind.GLOBAL]
        captured = {show(values.outer(a)).split(".")[0] for a in args if a not in trees}
        captured |= {"jax", "jnp", *values.functions}
        shape_of = Name("g")
        marked = values.expression(index, lambda arg: name("_"))
        if shape_of not in trees and ("g.shape" in names_in(marked) or not trees):
            trees.append(shape_of)
        params = self._params(trees, captured)
        body = values.expression(
            index, lambda arg: name(params[arg]) if arg in params else values.outer(arg)
        )
        if shape_of in params:
            body = fill(body, {"g.shape": name(f"{params[shape_of]}.shape")})
        function = lambda_of(self.indent + 4, list(params.values()), show(body))
        if isinstance(body, ast.Call) and [show(a) for a in body.args] == list(params.values()):
            function = show(body.func)
        given = [show(values.outer(a)) for a in trees]
        self.write(f"{label}jax.tree.map(", [function, *given], ")")

    def _params(self, trees: list[Arg], captured: set[str]) -> dict[Arg, str]:
        """A parameter of the lambda for each tree that it maps over; lines choose first."""
        params: dict[Arg, str] = {}
        for arg in sorted(trees, key=lambda arg: not isinstance(arg, Local)):
            if isinstance(arg, Name):
                wanted = self.values.fields.get(arg.id, arg.id)
                other = f"{wanted}_prev" if arg.id in self.values.fields else f"{wanted}_raw"
            else:
                wanted = show(self.values.outer(arg))
                other = f"{wanted}_new"
            while wanted in captured | set(params.values()):
                wanted, other = other, f"{other}_"
            params[arg] = wanted
        return {arg: params[arg] for arg in trees}
