"""Values of a program in PyTorch: how each is written, and what it is called where it is kept."""

import ast
import builtins
import keyword
from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import count, product
from string import ascii_lowercase

from dsl.export.codecs import codecs
from dsl.export.emit import Emitter, Resolve
from dsl.export.expressions import (
    call,
    comprehension,
    expression,
    fill,
    names_in,
    number,
    rewritten,
    show,
    simplified,
)
from dsl.export.facts import (
    Facts,
    above_zero,
    start_numbers,
    still_above_zero,
    vanishes_in_half,
)
from dsl.export.names import Names
from dsl.export.shapes import spread
from dsl.export.torch.declared import TorchDeclarations
from dsl.export.torch.of_model import is_apart, model_values
from dsl.export.torch.parameters import entry_of_group, keys_of_groups
from dsl.export.torch.python_numbers import PythonNumbers, decays
from dsl.export.torch.sharded import gathers, sums
from dsl.export.torch.templates import (
    comparison_of,
    first_value,
    is_function,
    template,
    with_tensors,
)
from dsl.language.initialisers import Init
from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Primitive, Scope
from dsl.language.sources import ARGUMENTS
from dsl.program import Arg, Const, Local

_RESERVED = {
    *("torch", "Any", "Callable", "Iterable", "self", "closure", "loss", "ready", "model", "group"),
    *("p", "state", "g", "t", "T", "params", "maximize", "seed", "horizon", "betas", "value", "w"),
    *("rows", "alike", "each", "key", "foreach", "ps", "ws", "gs", "states", "one"),
    *ARGUMENTS,
    *(f"_{op}" for op in PRIMITIVES),
    *dir(builtins),
}


class TorchDialect:
    """The dialect of PyTorch files; `declared` holds what the expressions call.

    `keys` are the names of slots in the state of a parameter or, where they exist once for the
    model, in the first group, and `count` that of the steps there. `numbers` are Python numbers
    when they are read, `of_model` are made once for the model, lists with an entry per parameter
    among them, and `model_slots` are kept once for the model, or, `by_group`, for every group,
    where nothing that they are made of is of the model. With `gathers`, a step gathers what
    is sharded, one parameter after another.
    """

    def __init__(self, facts: Facts, title: str):
        self.codecs = codecs(facts.program, facts.kept)
        if self.codecs is not None:
            facts = replace(facts, program=self.codecs.program)
        self.facts = facts
        self.program = facts.program
        self.declared = TorchDeclarations()
        self.reserved = _RESERVED | {title}
        self.given = list(facts.program.hyperparameters)
        of_parameter, of_group = Names({"step", "index"}), Names(keys_of_groups(facts))
        self.count = of_group.take("step")
        self.keys = {
            slot: (of_group if init.kind is Kind.GLOBAL else of_parameter).take(slot)
            for slot, init in self.program.slots.items()
        }
        self.betas = decays(facts.program)
        self.numbers = PythonNumbers(facts.program)
        self.model_slots = [s for s, init in self.program.slots.items() if init.kind is Kind.GLOBAL]
        self.by_group = bool(self.model_slots) and is_apart(facts.program)
        self.home = "group" if self.by_group else "model"
        self.of_model = model_values(facts.program, self.model_slots)
        self.gathers = self.codecs is not None or gathers(self.program)

    @property
    def of_parameter(self) -> list[str]:
        """The keys of slots in the state of a parameter."""
        return [key for slot, key in self.keys.items() if slot not in self.model_slots]

    @property
    def counts(self) -> bool:
        """True if the steps of each parameter are counted: the rule or its draws read the count."""
        return "t" in self.facts.reads or self.facts.noisy or self.facts.oracles

    def kept_once(self, *, counts: bool) -> dict[str, str]:
        """The keys of what exists once for the model, by those that it had before it was in the
        first group."""
        before = Names({"step", "index"})
        old = {slot: before.take(slot) for slot in self.program.slots}
        steps = {"step": self.count} if counts else {}
        return {**steps, **{old[slot]: self.keys[slot] for slot in self.model_slots}}

    @property
    def stacking(self) -> dict[str, bool]:
        """The functions of the file that are mapped over stacks of tensors, each with whether it
        makes a tensor, and no number."""
        made = map(self.facts.primitive, range(len(self.program.statements)))
        return {
            self.declared.function_of(each): each.signature.result is Kind.TENSOR
            for each in made
            if each.stacks
        }

    def looks(self, name: str) -> str:
        return f'state["{self.keys[name]}"]' if name in self.keys else name

    def build(self, index: int, operands: list[ast.expr]) -> ast.expr:
        primitive = self.facts.primitive(index)
        if _is_draw(primitive):
            self.declared.method(method_of(primitive))
        elif self.facts.own_line(index):
            return call("f", *operands)
        made = self._of_python(index, operands)
        if made is not None:
            return made
        whole = self.program.kind_of(Local(index)) is Kind.GLOBAL
        like = [] if whole else [ast.Name("w")]
        numbers = [self.is_number(arg) for arg in self.program.statements[index].args]
        for at, kind in self.facts.to_spread(index).items():
            operands[at] = self.lifted(operands[at], kind)
            numbers[at] = False
        if is_function(primitive):
            return self._gathered(index, call(self.declared.function_of(primitive), *operands))
        filled = with_tensors(
            template(primitive.torch),
            dict(zip(primitive.params, numbers, strict=True)),
            lambda node: call(self.declared.function("_number"), node, *like),
        )
        dtype = expression("torch.float64" if whole else "w.dtype")
        values = {f"_{p}": o for p, o in zip(primitive.params, operands, strict=True)}
        like_what = ast.Name("p" if _is_draw(primitive) else "w")
        made = fill(filled, {**values, "_p": like_what, "_dtype": dtype})
        if primitive.name == "every":
            made = simplified(made)
        return self._gathered(index, made)

    def _of_python(self, index: int, operands: list[ast.expr]) -> ast.expr | None:
        """The expression of a number, a flag, or a tensor held between numbers of Python."""
        primitive = self.facts.primitive(index)
        if Local(index) in self.numbers.flags:
            given = {f"_{p}": o for p, o in zip(primitive.params, operands, strict=True)}
            comparison = comparison_of(primitive)
            assert comparison is not None
            return simplified(fill(comparison, given))
        at = self.numbers.bound(index)
        if at is None or self.facts.to_spread(index):
            return self.numbers.written(index, operands)
        end = "min" if primitive.name == "maximum" else "max"
        return ast.Call(
            expression("torch.clamp"), [operands[1 - at]], [ast.keyword(end, operands[at])]
        )

    def _gathered(self, index: int, made: ast.expr) -> ast.expr:
        """An expression of sharded tensors as others read it: numbers gathered, sums along axes
        added up; anything else as it is."""
        primitive, kind = self.facts.primitive(index), self.program.kind_of(Local(index))
        if self.gathers:
            return self.whole(made) if _is_draw(primitive) else made
        numbers = (Kind.SCALAR, Kind.GLOBAL)
        if kind in numbers and not all(each in numbers for each in self.facts.wanted(index)):
            return call(self.declared.function("_whole"), made)
        return call(self.declared.function("_summed"), made) if sums(primitive, kind) else made

    def whole(self, value: ast.expr) -> ast.expr:
        """A value of a parameter, or a list of such, whole if the rule wants it so."""
        return call(self.declared.function("_gathered"), value) if self.gathers else value

    def line(self, emitter: Emitter, index: int, resolve: Resolve) -> ast.expr:
        """The expression of a line; where a statement maps several tensors per parameter number by
        number, a comprehension over the lists that hold them."""
        if not self.facts.by_part(index):
            return emitter.expression(index, resolve)
        parts = [arg for arg in emitter.reads(index) if emitter.kind(arg).many]
        taken = set(names_in(emitter.expression(index, resolve)))
        labels = dict(zip(parts, _letters_but(taken), strict=False))
        body = emitter.expression(
            index, lambda arg: ast.Name(labels[arg]) if arg in labels else resolve(arg)
        )
        return comprehension(body, {labels[arg]: resolve(arg) for arg in parts})

    def is_number(self, arg: Arg) -> bool:
        """True if a value is a Python number when it is read."""
        return self.numbers.is_number(arg)

    def is_once(self, arg: Arg) -> bool:
        """True if a value is one number for the model."""
        return arg in self.of_model and self.program.kind_of(arg) is Kind.GLOBAL

    def first_value(self, rule: Init) -> ast.expr:
        """The expression for the first value of a slot, of the parameter `p` if it has one."""
        of_model = rule.kind is Kind.GLOBAL and not self.by_group
        group = "self.param_groups[0]" if of_model else "group"
        positive = self.declared.function("_positive") if vanishes_in_half(rule) else ""

        def hyper(name: str) -> ast.expr:
            node = entry_of_group(self.facts, name, group)
            return still_above_zero(node, positive, "p.dtype") if positive else node

        like = "w" if self.gathers else "p"
        made = first_value(rule, like, start_numbers(rule, hyper))
        made = fill(made, {"g": self.whole(ast.Name("g"))})
        if not positive:
            return made
        return rewritten(made, lambda node: above_zero(node, positive, "p.dtype"))

    def lifted(self, value: ast.expr, kind: Kind) -> ast.expr:
        """A value as a tensor of a kind, or as a list of tensors."""
        like = [] if kind is Kind.GLOBAL else [ast.Name("w")]
        if kind in (Kind.GLOBAL, Kind.SCALAR, Kind.TENSOR):
            lift = self.declared.function("_spread" if kind is Kind.TENSOR else "_number")
            return call(lift, value, *like)
        lift = self.declared.function("_spread_to")
        of = expression("w.shape")
        return spread(kind, of, lambda shape: call(lift, value, shape, *like), "list")

    def copy_of(self, value: ast.expr, kind: Kind) -> ast.expr:
        """A tensor of its own with the value of another, or a list of such tensors."""
        if kind.many:
            body = ast.Call(expression("m.clone"), [], [])
            return comprehension(body, {"m": value})
        return ast.Call(ast.Attribute(value, "clone"), [], [])

    def closing(self, resolve: Resolve) -> ast.expr:
        """The call that keeps what a step made for a parameter."""
        given = map(ast.Name, ("p", "w", "state"))
        coding = (self.codecs.block, self.codecs.least) if self.codecs else ()
        numbers = [number(a.value) if isinstance(a, Const) else resolve(a) for a in coding]
        return call("self._close", *given, *numbers)

    def next_value(self, slot: ast.expr, update: Arg, value: ast.expr, kind: Kind) -> ast.Call:
        """The call that puts the next value of a slot of a kind into it."""
        if kind.many:
            if not self.program.kind_of(update).many:
                value = self.lifted(value, kind)
            return call(self.declared.function("_copy_each"), slot, value)
        if self.is_number(update):
            return ast.Call(ast.Attribute(slot, "fill_"), [value], [])
        return ast.Call(ast.Attribute(slot, "copy_"), [value], [])


def _letters_but(taken: Collection[str]) -> Iterator[str]:
    """Names of one letter, then longer ones, that are not taken."""
    for length in count(1):
        for letters in product(ascii_lowercase, repeat=length):
            name = "".join(letters)
            if name not in taken and not keyword.iskeyword(name):
                yield name


def condition(emitter: Emitter, values: TorchDialect, flag: Arg, resolve: Resolve) -> ast.expr:
    """The test of an `if`: a comparison, or that a number is not 0."""
    value = emitter.value(flag, resolve)
    if flag in values.numbers.flags:
        return value
    match value:
        case ast.Call(ast.Attribute(ast.Compare() as comparison, "to")):
            return comparison
    return ast.Compare(value, [ast.NotEq()], [ast.Constant(0)])


def _is_draw(primitive: Primitive) -> bool:
    """True if a primitive draws noise, one array per parameter."""
    return primitive.scope is Scope.STEP and primitive.oracle is None


def method_of(primitive: Primitive) -> str:
    """The name of the method that a primitive calls."""
    called = template(primitive.torch)
    assert isinstance(called, ast.Call)
    return show(called.func).removeprefix("self.")
