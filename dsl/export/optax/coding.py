"""Slots that are kept as codes of eight bits and a scale for each block."""

import ast

from dsl.export.code import Code
from dsl.export.codecs import Codecs
from dsl.export.emit import Emitter
from dsl.export.expressions import call, expression, function_of, number
from dsl.export.optax.values import OptaxDialect
from dsl.program import Arg, Const, Name


class Coding:
    """Writes where the slots of `codecs` are coded and decoded; nothing where that is None."""

    def __init__(self, codecs: Codecs | None, values: OptaxDialect, emitter: Emitter):
        self.codecs = codecs
        self.values = values
        self.emitter = emitter
        for name in ("Codes", "_table", "_coded", "_decoded") if codecs else ():
            values.function(name)

    def is_coded(self, slot: str) -> bool:
        """True for a slot that is kept as codes."""
        return self.codecs is not None and slot in self.codecs.slots

    def first_value(self, slot: str) -> ast.expr:
        """The expression for the first value of a coded slot."""
        return self._mapped(slot, "w", expression("jnp.zeros_like(w)"), ast.Name("params"))

    def coded(self, slot: str, value: ast.expr) -> ast.expr:
        """The expression for the next value of a slot as the state keeps it."""
        if not self.is_coded(slot):
            return value
        return self._mapped(slot, "x", ast.Name("x"), value)

    def decoded(self, uses: dict[str, None]) -> list[str]:
        """The lines after which coded slots are tensors, in `state`."""
        if self.codecs is None:
            return []
        code, fields = Code(8, uses=uses), []
        for slot, signed in self.codecs.slots.items():
            field = self.values.fields[slot]
            one = call("_decoded", ast.Name("x"), ast.Constant(signed), ast.Name("g"))
            trees = ast.Name("updates"), expression(f"state.{field}")
            made = call("jax.tree.map", function_of(["g", "x"], one), *trees)
            fields.append(ast.keyword(field, made))
        code.assign("state", ast.Call(expression("state._replace"), [], fields))
        return code.lines

    def _mapped(self, slot: str, label: str, one: ast.expr, tree: ast.expr) -> ast.expr:
        assert self.codecs is not None
        numbers = map(self._number, (self.codecs.block, self.codecs.least))
        made = call("_coded", one, ast.Constant(self.codecs.slots[slot]), *numbers)
        return call("jax.tree.map", function_of([label], made), tree)

    def _number(self, arg: Arg) -> ast.expr:
        match arg:
            case Const(value):
                return number(value)
            case Name(id):
                return ast.Name(self.emitter.called.get(id, id))
        raise AssertionError(f"{arg} is no number")
