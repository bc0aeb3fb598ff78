"""The lines of `step` before the loop: numbers of the model, and lists that those need."""

import ast
from collections.abc import Callable, Iterable

from dsl.export.emit import Resolve
from dsl.export.expressions import call, fill, name, names_in, show
from dsl.export.layout import branches, comprehension, layout, suite
from dsl.export.torch.lists import Lists
from dsl.export.torch.plan import needs_model
from dsl.export.torch.templates import parsed
from dsl.export.torch.values import Values
from dsl.language.kinds import Kind
from dsl.program import Arg, Local, Name
from dsl.program.walk import indices, needed, within_step


class Front:
    """Makes values of the model, line by line, in `lines`."""

    def __init__(self, values: Values):
        self.values = values
        self.program = values.program
        self.lists = Lists(values)
        self.lines: list[str] = []
        self.reads: set[str] = set()
        self.made: set[tuple[int, bool]] = set()
        self._numbers: dict[int, str] = {}

    def make_for(self, roots: Iterable[Arg]) -> None:
        """Lines for everything made once for the model that the loop needs for `roots`."""

        def once(arg: Arg) -> bool:
            return (
                isinstance(arg, Local)
                and arg in self.values.of_model
                and arg.index not in self.values.inline
            )

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
            if self.values.kind(Local(index)) is not whole or Local(index) in self.values.of_model
        }

    def make(self, arg: Arg, *, listed: bool = False, indent: int = 8) -> None:
        """Lines that make `arg`; where it is `listed`, with an entry for every parameter."""
        if not isinstance(arg, Local):
            return
        index, values = arg.index, self.values
        listed = listed and arg not in values.of_model
        if index in values.inline:
            for a in self.program.statements[index].args:
                self.make(a, listed=listed, indent=indent)
            return
        if (index, listed) in self.made:
            return
        primitive = values.primitive(index)
        tensors = values.kind(arg) is not Kind.GLOBAL
        if primitive.lazy and (tensors or not listed):
            self._choose(index, indent)
        elif needs_model(primitive):
            self._ask_model(index, indent)
        elif tensors or listed:
            for a in values.reads(index):
                self.make(a, listed=True, indent=indent)
            self._list(self._label(arg), lambda r: values.expression(index, r), indent)
        else:
            for a in values.reads(index):
                self.make(a, indent=indent)
            label = self._number_label(index)
            text = show(values.expression(index, self.number))
            self.lines += suite(indent, f"{label} = ", text)
        self.made.add((index, listed))

    def _choose(self, index: int, indent: int) -> None:
        """`when`: an `if` whose branches make a list, or a number."""
        flag, *choices = self.program.statements[index].args
        kind = self.values.kind(Local(index))
        whole = kind is Kind.GLOBAL
        self.make(flag, indent=indent)
        label = self._number_label(index) if whole else self.lists.name(Local(index))
        test = self.values.condition(flag, self.number)
        outside, made, bodies = self.lines, self.made, []
        for arg in choices:
            self.lines, self.made = [], set(made)
            self.make(arg, listed=not whole, indent=indent + 4)
            if whole:
                value = self.values.value(arg, self.number)
                if self.values.is_number(arg):
                    value = call(self.values.use("_number"), value)
                text = show(value)
            else:
                text = self._as_list(arg, kind, indent + 4)
            self.lines += suite(indent + 4, f"{label} = ", text)
            bodies.append(self.lines)
        self.lines, self.made = outside + branches(indent, label, test, *bodies), made

    def _ask_model(self, index: int, indent: int) -> None:
        """A function of lists, or a question to an oracle."""
        values, primitive = self.values, self.values.primitive(index)
        args = list(zip(self.program.statements[index].args, values.wanted(index), strict=True))
        for arg, want in args:
            self.make(arg, listed=want is not Kind.GLOBAL, indent=indent)
        parts = [
            show(values.value(arg, self.number))
            if want is Kind.GLOBAL
            else self._as_list(arg, want, indent)
            for arg, want in args
        ]
        label = self._label(Local(index))
        if primitive.oracle:
            given = zip(primitive.params, map(name, parts), strict=True)
            asked = fill(parsed(primitive.torch), {f"_{p}": v for p, v in given})
            assert isinstance(asked, ast.Call)
            function, parts = show(asked.func), [show(a) for a in asked.args]
            values.need_method(function.removeprefix("self."))
        else:
            function = values.function(primitive)
        self.lines += layout(indent, f"{label} = {function}(", parts, ")")

    def _as_list(self, arg: Arg, want: Kind, indent: int) -> str:
        """The name of a list with the value for every parameter, lifted to `want`."""
        have = self.values.kind(arg)
        if have is want or (have is not Kind.GLOBAL and want is Kind.SCALAR):
            return self.lists.name(arg)
        label = self.values.names.take("spread")
        lift = self.values.use("_number" if want is Kind.SCALAR else "_spread")
        self._list(label, lambda r: call(lift, self.values.value(arg, r), name("p")), indent)
        return label

    def _list(self, label: str, make: Callable[[Resolve], ast.expr], indent: int) -> None:
        """A list made entry by entry from other lists and numbers of the model."""
        entries: dict[Arg, str] = {}

        def resolve(arg: Arg) -> ast.expr:
            whole = self.values.kind(arg) is Kind.GLOBAL and arg in self.values.of_model
            if whole or arg == Name("loss"):
                return self.number(arg)
            return name(entries.setdefault(arg, self.lists.entry(arg)))

        made = make(resolve)
        if not entries or "p" in {word.split(".")[0] for word in names_in(made)}:
            entries.setdefault(Name("w"), "p")
        lists = [self.lists.name(arg) for arg in entries]
        variables = list(entries.values())
        self.lines += comprehension(indent, f"{label} = ", show(made), variables, lists)

    def _label(self, arg: Local) -> str:
        """The name of a list, or of a number of the model."""
        whole = self.values.kind(arg) is Kind.GLOBAL and arg in self.values.of_model
        return self._number_label(arg.index) if whole else self.lists.name(arg)

    def number(self, arg: Arg) -> ast.expr:
        """A number of the model as an expression."""
        match arg:
            case Name(id) if id in self.values.model_slots:
                return name(f'model["{id}"]')
            case Name("loss"):
                return name("value")
            case Name(id):
                self.reads.add(id)
                return name(self.values.called.get(id, id))
            case Local(index):
                return name(self._number_label(index))
        raise AssertionError

    def _number_label(self, index: int) -> str:
        """The name of a number of the model; not the one that the loop gives its own number."""
        if index not in self._numbers:
            label = self.values.line_names[index]
            if Local(index) not in self.values.of_model:
                label = self.values.names.take(f"{label}_all")
            self._numbers[index] = label
        return self._numbers[index]
