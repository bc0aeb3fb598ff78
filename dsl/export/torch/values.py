"""How a value of the program is written in PyTorch, and what the file then has to hold."""

import ast
import builtins
import re

from dsl.errors import ExportError
from dsl.export.emit import Emitter, Resolve
from dsl.export.expressions import call, fill, name, show
from dsl.export.facts import Facts
from dsl.export.torch.groups import Groups
from dsl.export.torch.plan import is_draw, model_slots, model_values, python_numbers
from dsl.export.torch.snippets import FUNCTIONS, methods, needed
from dsl.export.torch.templates import is_function, parsed, with_tensors
from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Primitive
from dsl.program import Arg, Const, Local, Name

_RESERVED = {
    *("torch", "Any", "Callable", "Iterable", "self", "closure", "loss", "ready", "model", "group"),
    *("p", "state", "g", "t", "T", "params", "maximize", "seed", "horizon", "betas", "value"),
    *(f"_{op}" for op in PRIMITIVES),
    *dir(builtins),
}


class Values(Emitter):
    """Writes expressions, and notes the functions and methods that they call."""

    def __init__(self, facts: Facts, title: str):
        self.functions: dict[str, str] = {}
        self.methods: list[str] = []
        self.numbers = python_numbers(facts.program)
        self.of_model = model_values(facts.program)
        self.model_slots = model_slots(facts.program)
        super().__init__(facts, _RESERVED | {title})
        self.groups = Groups(facts.program, self.called)

    def is_number(self, arg: Arg) -> bool:
        """Whether a value is a Python number when it is read."""
        return isinstance(arg, Const) or arg in self.numbers

    def build(self, index: int, operands: list[ast.expr]) -> ast.expr:
        primitive = self.primitive(index)
        if is_draw(primitive):
            self.need_method("_draw")
        elif self.own_line(index):
            return call("f", *operands)
        whole = self.kind(Local(index)) is Kind.GLOBAL
        like = [] if whole else [name("p")]
        numbers = [self.is_number(arg) for arg in self.program.statements[index].args]
        for at in self.to_spread(index):
            operands[at] = call(self.use("_spread"), operands[at], *like)
            numbers[at] = False
        if is_function(primitive):
            return call(self.function(primitive), *operands)
        template = with_tensors(
            parsed(primitive.torch),
            dict(zip(primitive.params, numbers, strict=True)),
            lambda node: call(self.use("_number"), node, *like),
        )
        dtype = name("torch.float64" if whole else "p.dtype")
        values = {f"_{p}": o for p, o in zip(primitive.params, operands, strict=True)}
        return fill(template, {**values, "_p": name("p"), "_dtype": dtype})

    def use(self, function: str) -> str:
        """The name of a function of ours that the file then holds."""
        self.functions.setdefault(function, FUNCTIONS[function])
        return function

    def function(self, primitive: Primitive) -> str:
        """The name of the function of the file that holds the declaration's text."""
        last = re.findall(r"^def (\w+)", primitive.torch, re.MULTILINE)[-1]
        self.functions.setdefault(last, primitive.torch)
        return last

    def need_method(self, method: str) -> None:
        """Note that the class needs a method, and those that it calls."""
        if method not in methods():
            raise ExportError(f"a PyTorch file cannot express '{method.strip('_')}'")
        self.methods += [each for each in needed(method) if each not in self.methods]

    def condition(self, flag: Arg, resolve: Resolve) -> str:
        """What an `if` tests: a comparison, or that a number is not 0."""
        value = self.value(flag, resolve)
        match value:
            case ast.Call(func=ast.Attribute(value=ast.Compare() as comparison, attr="to")):
                return show(comparison)
        return show(ast.Compare(value, [ast.NotEq()], [ast.Constant(0)]))

    def next_value(self, update: Arg, text: str) -> str:
        """The call that puts the next value of a slot into it."""
        return f".{'fill_' if self.is_number(update) else 'copy_'}({text})"

    def display(self, arg: Arg) -> str:
        if isinstance(arg, Name) and arg.id in self.program.slots:
            return f'state["{arg.id}"]'
        return super().display(arg)
