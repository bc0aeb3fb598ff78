"""The lines of `step` before the loop: numbers of the model, and lists that those need."""

import ast
from collections.abc import Callable, Iterable

from dsl.export.code import Code
from dsl.export.emit import Emitter, Resolve
from dsl.export.expressions import call, comprehension, expression, fill, names_in, show
from dsl.export.names import safe
from dsl.export.shapes import alike
from dsl.export.torch.of_model import needs_model
from dsl.export.torch.parameters import Parameters
from dsl.export.torch.templates import template
from dsl.export.torch.values import TorchDialect, condition
from dsl.language.kinds import Kind
from dsl.program import Arg, Local, Name
from dsl.program.walk import indices, needed, within_step

PARAMETER = Name(" p")
"""The parameter as it is, where `w` is in float32 for one in half precision; no program has a name
with a space."""


class Front:
    """Makes values of the model, line by line, in `code`.

    `made` holds the statements that have their line, each with a flag: true if the line makes a
    list with an entry for every parameter.
    """

    def __init__(self, values: TorchDialect, emitter: Emitter, parameters: Parameters):
        self.values = values
        self.facts = values.facts
        self.program = values.program
        self.emitter = emitter
        self.parameters = parameters
        self.code = Code(8)
        self.made: set[tuple[int, bool]] = set()
        self.reads_first = False
        """True if the lines read hyperparameters of the first group."""
        self._lists: dict[Arg, str] = {}
        self._numbers: dict[int, str] = {}
        self._olds: dict[str, str] = {}

    def make_for(self, roots: Iterable[Arg]) -> None:
        """Lines for everything made once for the model that the loop needs for `roots`."""

        def once(arg: Arg) -> bool:
            of_model = arg in self.values.of_model
            return of_model and isinstance(arg, Local) and arg.index not in self.emitter.inline

        inside = within_step(self.program)
        read = needed(self.program, roots, lambda arg: () if once(arg) else inside(arg))
        for index in indices(filter(once, read)):
            self.make(Local(index))

    def ready(self) -> set[int]:
        """The statements whose values are there when the loop starts, in the loop's own terms."""
        whole = Kind.GLOBAL
        return {
            index
            for index, _ in self.made
            if self.emitter.kind(Local(index)) is not whole or Local(index) in self.values.of_model
        }

    def lines(self) -> list[str]:
        """All lines before the loop: lists of names, numbers of the first group, what was made."""
        lists, heads = Code(8), Code(8)
        for arg, label in self._lists.items():
            if isinstance(arg, Name):
                lists.write(f"{label} = [{self._every(arg)}]")
        self.parameters.read(heads, self.code.uses)
        self.reads_first = bool(heads.lines) and not self.values.by_group
        if self.reads_first:
            heads.lines.insert(0, "        group = ready[0][0]")
        if "t" in self.code.uses:
            count = self.values.declared.function("_count")
            heads.write(f't = {count}({self.values.home}["{self.values.count}"])')
        return [*lists.lines, *heads.lines, *self.code.lines]

    def _every(self, name: Name) -> str:
        """A comprehension's inside: the value of a name for every parameter."""
        id = name.id
        if name == PARAMETER:
            return "p for _, p, _ in ready"
        if id == "w":
            return f"{self._whole('p')} for _, p, _ in ready"
        if id == "g":
            return f"{show(self.values.whole(ast.Name('g')))} for _, _, g in ready"
        if id == "t":
            count = self.values.declared.function("_count")
            return f'{count}(self.state[p]["step"]) for _, p, _ in ready'
        if id in self.program.slots:
            kept = self._whole(f'self.state[p]["{self.values.keys[id]}"]')
            return f"{kept} for _, p, _ in ready"
        return f"{show(self.parameters.entry(id))} for group, _, _ in ready"

    def _whole(self, kept: str) -> str:
        """A kept tensor as a step reads it: wide, and whole if the rule wants it."""
        wide = self.values.declared.function("_wide")
        return show(call(wide, self.values.whole(expression(kept))))

    def make(self, arg: Arg, *, listed: bool = False) -> None:
        """Lines that make `arg`; where it is `listed`, with an entry for every parameter."""
        if not isinstance(arg, Local):
            return
        index, emitter = arg.index, self.emitter
        listed = listed and arg not in self.values.of_model
        if index in emitter.inline:
            for each in self.program.statements[index].args:
                self.make(each, listed=listed)
            return
        if (index, listed) in self.made:
            return
        primitive = self.facts.primitive(index)
        tensors = emitter.kind(arg) is not Kind.GLOBAL
        if primitive.lazy and (tensors or not listed):
            self._choose(index)
        elif needs_model(primitive):
            self._ask_model(index)
        else:
            listed = listed or tensors
            for each in emitter.reads(index):
                self.make(each, listed=listed)
            if listed:
                self._list(self._label(arg), lambda r: self.values.line(emitter, index, r))
            else:
                self.code.assign(self._number(index), emitter.expression(index, self.number))
        self.made.add((index, listed))

    def _choose(self, index: int) -> None:
        """`when`: an `if` whose branches make a list, or a number."""
        flag, *choices = self.program.statements[index].args
        kind = self.emitter.kind(Local(index))
        self.make(flag)
        label = self._number(index) if kind is Kind.GLOBAL else self.list_of(Local(index))
        test = condition(self.emitter, self.values, flag, self.number)
        new, old = ([(block, label, value)] for block, value in self._branches(choices, kind))
        self.code.choose(test, new, old)

    def _branches(self, choices: Iterable[Arg], kind: Kind) -> list[tuple[Code, ast.expr]]:
        return [self._branch(arg, kind) for arg in choices]

    def _branch(self, arg: Arg, kind: Kind) -> tuple[Code, ast.expr]:
        """The lines of one choice, and its value."""
        outside = self.code, set(self.made)
        self.code = self.code.inner()
        self.make(arg, listed=kind is not Kind.GLOBAL)
        if kind is Kind.GLOBAL:
            value = self.emitter.value(arg, self.number)
            if self.values.is_number(arg):
                value = self.values.lifted(value, kind)
        else:
            value = self._as_list(arg, kind)
        block = self.code
        self.code, self.made = outside
        return block, value

    def _ask_model(self, index: int) -> None:
        """A function of lists, or a question to an oracle."""
        primitive, args = self.facts.primitive(index), self.program.statements[index].args
        pairs = list(zip(args, self.facts.wanted(index), strict=True))
        for arg, want in pairs:
            self.make(arg, listed=want is not Kind.GLOBAL)
        parts = [
            self.emitter.value(arg, self.number)
            if want is Kind.GLOBAL
            else self._as_list(arg, want)
            for arg, want in pairs
        ]
        label = self._label(Local(index))
        if primitive.oracle:
            given = {f"_{param}": part for param, part in zip(primitive.params, parts, strict=True)}
            asked = fill(template(primitive.torch), given)
            assert isinstance(asked, ast.Call)
            self.values.declared.methods_in(asked)
            if self.emitter.kind(Local(index)) is not Kind.GLOBAL:
                asked = call(self.values.declared.function("_wide"), self.values.whole(asked))
        else:
            asked = call(self.values.declared.function_of(primitive), *parts)
            if self.emitter.kind(Local(index)) is Kind.GLOBAL and not self.values.gathers:
                asked = call(self.values.declared.function("_whole"), asked)
        self.code.assign(label, asked)

    def _as_list(self, arg: Arg, want: Kind) -> ast.Name:
        """The name of a list with the value for every parameter, lifted to `want`."""
        have = self.emitter.kind(arg)
        if alike(have, want) or (have is not Kind.GLOBAL and want is Kind.SCALAR):
            return ast.Name(self.list_of(arg))
        label = self.emitter.names.take("spread")
        self._list(label, lambda r: self.values.lifted(self.emitter.value(arg, r), want))
        return ast.Name(label)

    def _list(self, label: str, make: Callable[[Resolve], ast.expr]) -> None:
        """A list made entry by entry from other lists and numbers of the model."""
        entries: dict[Arg, str] = {}

        def resolve(arg: Arg) -> ast.expr:
            if self.values.is_once(arg) or arg == Name("loss"):
                return self.number(arg)
            return ast.Name(entries.setdefault(arg, self._entry(arg)))

        made = make(resolve)
        for like in (PARAMETER, Name("w")):
            if self._entry(like) in names_in(made):
                entries.setdefault(like, self._entry(like))
        if not entries:
            entries[Name("w")] = "w"
        lists: dict[str, ast.expr] = {v: ast.Name(self.list_of(arg)) for arg, v in entries.items()}
        self.code.assign(label, comprehension(made, lists))

    def _label(self, arg: Local) -> str:
        """The name of a list, or of a number of the model."""
        return self._number(arg.index) if self.values.is_once(arg) else self.list_of(arg)

    def list_of(self, arg: Arg) -> str:
        """The name of the list that holds a value for every parameter."""
        if arg not in self._lists:
            wanted = f"{self._entry(arg)}s"
            self._lists[arg] = self.emitter.names.take(safe(wanted))
        return self._lists[arg]

    def _entry(self, arg: Arg) -> str:
        """The name of one entry of a list."""
        match arg:
            case Name("w"):
                return "w"
            case _ if arg == PARAMETER:
                return "p"
            case Name(id) if id in self.program.slots:
                if id not in self._olds:
                    self._olds[id] = self.emitter.names.take(f"old_{safe(id)}")
                return self._olds[id]
            case Name(id):
                return self.emitter.called.get(id, id)
            case Local(index):
                return self.emitter.line_names[index]
        raise AssertionError

    def number(self, arg: Arg) -> ast.expr:
        """A number of the model as an expression."""
        match arg:
            case Name(id) if id in self.values.model_slots:
                return expression(f'{self.values.home}["{self.values.keys[id]}"]')
            case Name("loss"):
                return ast.Name("value")
            case Name(id):
                return ast.Name(self.emitter.called.get(id, id))
            case Local(index):
                return ast.Name(self._number(index))
        raise AssertionError

    def _number(self, index: int) -> str:
        """The name of a number of the model; not the one that the loop gives its own number."""
        if index not in self._numbers:
            label = self.emitter.line_names[index]
            if Local(index) not in self.values.of_model:
                label = self.emitter.names.take(f"{label}_all")
            self._numbers[index] = label
        return self._numbers[index]
