"""From a program to lines of Python: what the hosts share.

A statement becomes a line `name = expression`, or stands inside its only reader where that stays
readable. The author's names are kept; the next value of a slot has the slot's name.
"""

import ast
from collections import Counter
from collections.abc import Callable, Iterable

from dsl.export.expressions import names_in, number, show
from dsl.export.facts import Facts
from dsl.export.names import Names, safe
from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Primitive, Scope
from dsl.program import Arg, Const, Local, Name
from dsl.program.walk import in_any_case, indices, needed, readers

Resolve = Callable[[Arg], ast.expr]
"""How a host writes the arguments that are not inlined: names and lines."""

_LIMIT = 66
"""Characters of an expression above which its operands get lines of their own."""


class Emitter:
    """Decides which statements get lines and what those are called; hosts write the lines.

    **Hosts define** `build`: the expression of one statement given its operands' expressions.
    """

    def __init__(self, facts: Facts, reserved: set[str]):
        self.facts = facts
        self.program = facts.program
        self.names = Names(reserved)
        self.called = {n: self.names.take(safe(n, reserved)) for n in self._given()}
        self.inline = self._candidates()
        self._split()
        self.line_names = self._name_lines()

    def _given(self) -> list[str]:
        return list(self.program.hyperparameters)

    def build(self, index: int, operands: list[ast.expr]) -> ast.expr:
        """The expression of statement `index`."""
        raise NotImplementedError

    def kind(self, arg: Arg) -> Kind:
        """The kind of an argument."""
        return self.program.kind_of(arg)

    def primitive(self, index: int) -> Primitive:
        """What statement `index` applies."""
        return PRIMITIVES[self.program.statements[index].op]

    def wanted(self, index: int) -> tuple[Kind, ...]:
        """The kinds that the arguments of statement `index` are lifted to."""
        kinds = tuple(map(self.kind, self.program.statements[index].args))
        return self.primitive(index).signature.bind(kinds)[0]

    def own_line(self, index: int) -> bool:
        """Whether a statement always gets a line: it works on the whole model, or it chooses."""
        primitive = self.primitive(index)
        return primitive.scope is not Scope.LEAF or bool(primitive.lazy)

    def value(self, arg: Arg, resolve: Resolve) -> ast.expr:
        """An argument as an expression: inlined, a number, or what `resolve` makes of it."""
        match arg:
            case Const(value):
                return number(value)
            case Local(index) if index in self.inline:
                return self.expression(index, resolve)
        return resolve(arg)

    def expression(self, index: int, resolve: Resolve) -> ast.expr:
        """The expression of a statement, with what is inlined in it."""
        statement = self.program.statements[index]
        return self.build(index, [self.value(arg, resolve) for arg in statement.args])

    def reads(self, index: int) -> list[Arg]:
        """The names and lines that the line of a statement reads, in order, each once."""
        found: dict[Arg, None] = {}

        def note(arg: Arg) -> ast.expr:
            found.setdefault(arg)
            return ast.Name("x")

        self.expression(index, note)
        return list(found)

    def demanded(self, roots: list[Arg], done: set[int]) -> list[int]:
        """The lines that `roots` need beyond `done`, in order, without what only a choice needs."""

        ready = {Local(index) for index in done}
        ahead = in_any_case(self.program)
        found = needed(self.program, roots, lambda arg: () if arg in ready else ahead(arg))
        return [index for index in indices(found - ready) if index not in self.inline]

    def to_spread(self, index: int) -> list[int]:
        """Positions of the arguments that the host makes a tensor for a statement.

        What maps number by number broadcasts by itself; all else wants arrays of the right shape.
        """
        if self.primitive(index).signature.elementwise:
            return []
        pairs = zip(self.program.statements[index].args, self.wanted(index), strict=True)
        return [
            at
            for at, (arg, want) in enumerate(pairs)
            if want is Kind.TENSOR and self.kind(arg) is not Kind.TENSOR
        ]

    def _candidates(self) -> set[int]:
        read, end = readers(self.program), len(self.program.statements)
        once = {arg for arg, places in read.items() if len(places) == 1 and places[0].by < end}
        return {
            index
            for index, statement in enumerate(self.program.statements)
            if statement.name is None and Local(index) in once and not self.own_line(index)
        }

    def _split(self) -> None:
        """Takes out of `inline` what would make a line long or compute a value twice."""
        for index, statement in enumerate(self.program.statements):
            if self.own_line(index):
                self._pin(arg for arg in statement.args if self.kind(arg) is not Kind.GLOBAL)
                continue
            marks = [ast.Name(f"_{at}") for at in range(len(statement.args))]
            times = Counter(names_in(self.build(index, list(marks))))
            self._pin(
                arg for at, arg in enumerate(statement.args) if times[f"_{at}"] > 1
            )  # a template may use a parameter twice
            while len(self._display(index)) > _LIMIT:
                inner = [a.index for a in statement.args if isinstance(a, Local)]
                inner = [at for at in inner if at in self.inline]
                if not inner:
                    break
                self.inline.discard(max(inner, key=lambda at: len(self._display(at))))

    def _pin(self, args: Iterable[Arg]) -> None:
        self.inline -= {arg.index for arg in args if isinstance(arg, Local)}

    def _display(self, index: int) -> str:
        def resolve(arg: Arg) -> ast.expr:
            return ast.Name(self.display(arg))

        return show(self.expression(index, resolve))

    def display(self, arg: Arg) -> str:
        """About what an argument will be called; decides how much fits on a line."""
        match arg:
            case Local(at):
                return self.program.statements[at].name or f"x{at}"
            case Name(id):
                return id
        return ""

    def _name_lines(self) -> dict[int, str]:
        """A name for every line; a slot's next value gets the slot's name."""
        names: dict[int, str] = {}
        updates = self.program.next_values.items()
        for slot, update in updates:
            if isinstance(update, Local) and update.index not in names:
                names[update.index] = self.names.take(safe(slot))
        fresh = 0
        for index, statement in enumerate(self.program.statements):
            if index in names or index in self.inline:
                continue
            wanted = statement.name
            if wanted is None and self.program.result == Local(index):
                wanted = "step"
            if wanted is None:
                wanted, fresh = f"x{fresh}", fresh + 1
            names[index] = self.names.take(safe(wanted))
        return names
