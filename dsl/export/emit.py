"""From a program to lines of Python: what the hosts share.

A statement becomes a line `name = expression`, or stands inside its only reader where that stays
readable. The author's names are kept; the next value of a slot has the slot's name.
"""

import ast
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from dsl.export.expressions import names_in, number, show
from dsl.export.facts import Facts
from dsl.export.names import Names, safe
from dsl.language.kinds import Kind
from dsl.program import Arg, Const, Local, Name
from dsl.program.walk import in_each_branch, indices, needed, readers

Resolve = Callable[[Arg], ast.expr]
"""The expression of an argument that is not inlined: of a name or a line."""

_LIMIT = 66
"""Characters of an expression above which its operands get lines of their own."""


class Dialect(Protocol):
    """The statements of one program as a host writes them."""

    @property
    def reserved(self) -> Collection[str]:
        """Names that mean something in the host's files already."""
        ...

    @property
    def given(self) -> Collection[str]:
        """The hyperparameters that lines call by names of the file's own."""
        ...

    def build(self, index: int, operands: list[ast.expr]) -> ast.expr:
        """The expression of statement `index` over the expressions of its arguments."""
        ...

    def looks(self, name: str) -> str:
        """About what a name of the program is written as; decides how much fits on a line."""
        ...


class Emitter:
    """The lines of one file: which statements get one, and what those are called."""

    def __init__(self, facts: Facts, dialect: Dialect):
        self.facts = facts
        self.program = facts.program
        self.dialect = dialect
        self.names = Names(dialect.reserved)
        self.called = self.names.take_all(dialect.given, dialect.reserved)
        self.inline = self._candidates()
        self._split()
        self.line_names = self._name_lines()

    def kind(self, arg: Arg) -> Kind:
        """The kind of an argument."""
        return self.program.kind_of(arg)

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
        args = self.program.statements[index].args
        return self.dialect.build(index, [self.value(arg, resolve) for arg in args])

    def reads(self, index: int) -> list[Arg]:
        """The names and lines that the line of a statement reads, in order, each once."""
        found: dict[Arg, None] = {}

        def note(arg: Arg) -> ast.expr:
            found.setdefault(arg)
            return ast.Name("x")

        self.expression(index, note)
        return list(found)

    def demanded(self, roots: Iterable[Arg], done: Collection[int]) -> list[int]:
        """The lines that `roots` need beyond `done`, in order, without what only a choice needs."""
        ready = {Local(index) for index in done}
        ahead = in_each_branch(self.program)
        found = needed(self.program, roots, lambda arg: () if arg in ready else ahead(arg))
        return [index for index in indices(found - ready) if index not in self.inline]

    def _candidates(self) -> set[int]:
        """Statements without a name that another reads, once."""
        read, end = readers(self.program), len(self.program.statements)
        once = {arg for arg, places in read.items() if len(places) == 1 and places[0].by < end}
        return {
            index
            for index, statement in enumerate(self.program.statements)
            if statement.name is None and Local(index) in once and not self.facts.own_line(index)
        }

    def _split(self) -> None:
        """Takes out of `inline` what would make a line long or compute a value twice."""
        for index, statement in enumerate(self.program.statements):
            if self.facts.own_line(index):
                self._pin(arg for arg in statement.args if self.kind(arg) is not Kind.GLOBAL)
                continue
            self._pin(arg for arg in statement.args if self._apart(index, arg))
            marks = [ast.Name(f"_{at}") for at in range(len(statement.args))]
            times = _evaluations(self.dialect.build(index, list(marks)))
            self._pin(
                arg for at, arg in enumerate(statement.args) if times[f"_{at}"] > 1
            )  # a template may use a parameter twice
            while len(self._display(index)) > _LIMIT:
                inner = [at for at in indices(statement.args) if at in self.inline]
                if not inner:
                    break
                self.inline.discard(max(inner, key=lambda at: len(self._display(at))))

    def _apart(self, index: int, arg: Arg) -> bool:
        """True if a statement maps other arrays than one that it reads."""
        if not isinstance(arg, Local) or self.kind(arg) is Kind.GLOBAL:
            return False
        return self.facts.by_part(index) != self.facts.by_part(arg.index)

    def _pin(self, args: Iterable[Arg]) -> None:
        self.inline -= {arg.index for arg in args if isinstance(arg, Local)}

    def _display(self, index: int) -> str:
        def resolve(arg: Arg) -> ast.expr:
            match arg:
                case Local(at):
                    return ast.Name(self.program.statements[at].name or f"x{at}")
                case Name(id):
                    return ast.Name(self.dialect.looks(id))
            raise AssertionError(arg)

        return show(self.expression(index, resolve))

    def _name_lines(self) -> dict[int, str]:
        """A name for every line; a slot's next value gets the slot's name."""
        names: dict[int, str] = {}
        for slot, update in self.program.next_values.items():
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


def _evaluations(node: ast.expr) -> Counter[str]:
    """About how often an expression evaluates each name: what a comprehension makes, twice."""
    times = Counter(names_in(node))
    for inner in ast.walk(node):
        if isinstance(inner, ast.ListComp | ast.GeneratorExp):
            times.update(names_in(inner.elt))
    return times
