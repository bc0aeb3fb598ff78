"""How a value of the program is written over `jax.numpy`, and what the file then has to hold."""

import ast
import builtins
from typing import assert_never

from dsl.export.emit import Emitter
from dsl.export.expressions import call, fill, name, number, rewritten, show
from dsl.export.facts import Facts
from dsl.export.names import safe
from dsl.export.optax.declarations import Borrowed, function, template
from dsl.language.registry import PRIMITIVES, Primitive
from dsl.program import Arg, Const, Local, Name, Program

HOST_NAMES = {"lr": "learning_rate", "wd": "weight_decay"}
_RESERVED = {
    *("jax", "jnp", "optax", "Any", "NamedTuple", "Callable"),
    *("init", "update", "updates", "params", "state", "extra_args", "count", "key", "seed"),
    *("value", "value_fn", "horizon", "mask", "learning_rate", "weight_decay", "treedef", "t"),
    *(f"_{op}" for op in PRIMITIVES),
    *dir(builtins),
}
_OPERATORS: dict[str, ast.operator] = {"divide": ast.Div(), "power": ast.Pow()}
"""Functions of the array namespace that an operator on arrays means exactly."""


class Values(Emitter):
    """Writes expressions, and notes the functions and constants that they use."""

    def __init__(self, facts: Facts, reserved: set[str]):
        self.borrowed = Borrowed()
        self.functions = self.borrowed.functions
        self.fields = {slot: safe(slot, {"count", "key"}) for slot in facts.program.slots}
        self.arrays = _arrays(facts.program)
        super().__init__(facts, _RESERVED | reserved)

    def _given(self) -> list[str]:
        return [n for n in self.program.hyperparameters if n not in HOST_NAMES]

    def outer(self, arg: Arg) -> ast.expr:
        """A value as `update` names it."""
        match arg:
            case Name("w"):
                return name("params")
            case Name("g"):
                return name("updates")
            case Name("T"):
                return name("float(horizon)")
            case Name("wd"):
                return name("weight_decay")
            case Name(id) if id in self.fields:
                return name(f"state.{self.fields[id]}")
            case Name(id):
                return name(self.called.get(id, id))
            case Local(index):
                return name(self.line_names[index])
            case Const(value):
                return number(value)
        assert_never(arg)

    def build(self, index: int, operands: list[ast.expr]) -> ast.expr:
        primitive = self.primitive(index)
        if self.own_line(index):
            return call("f", *operands)
        for at in self.to_spread(index):
            operands[at] = call("jnp.broadcast_to", operands[at], name("g.shape"))
        written = template(primitive)
        if written is None:
            return call(self.function(primitive), *operands)
        filled = fill(written, dict(zip(primitive.params, operands, strict=True)))
        filled = rewritten(filled, comparison)
        return rewritten(filled, _operator) if Local(index) in self.arrays else filled

    def function(self, primitive: Primitive) -> str:
        """The name of the function of the file that holds the declaration's body."""
        label = f"_{primitive.name}"
        if label not in self.functions:
            self.borrowed.borrow_for(primitive.meaning)
            self.functions[label] = function(primitive)
        return label


def _arrays(program: Program) -> frozenset[Arg]:
    """The inputs, slots and statements that are arrays for certain, not plain Python numbers."""
    found: set[Arg] = {Name(n) for n in (*program.inputs, *program.slots) if n != "T"}
    for index, statement in enumerate(program.statements):
        mapped = PRIMITIVES[statement.op].signature.elementwise
        if not mapped or any(arg in found for arg in statement.args):
            found.add(Local(index))
    return frozenset(found)


def comparison(node: ast.expr) -> ast.expr:
    """`where(a > b, 1, 0) != 0` is `a > b`."""
    if isinstance(node, ast.Compare) and show(node).endswith(", 1.0, 0.0) != 0"):
        made = node.left
        if isinstance(made, ast.Call) and show(made.func) == "jnp.where":
            return made.args[0] if isinstance(made.args[0], ast.Compare) else node
    return node


def _operator(node: ast.expr) -> ast.expr:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        symbol = _OPERATORS.get(node.func.attr)
        if symbol is not None and show(node.func.value) == "jnp":
            return ast.BinOp(node.args[0], symbol, node.args[1])
    return node
