"""A program taken apart for one change: statements moved, values replaced, then built again.

A value is only replaced by one whose kind lifts to its own, and every reader of a value accepts
what lifts to it. So an edit leaves the language in one way alone: it may take from a reader the
last argument that had the length of its family of kinds, as `softmax` of a Global has none.
"""

import itertools
from collections.abc import Callable, Sequence

from dsl.language.initialisers import Init
from dsl.language.kinds import Kind, lifts
from dsl.language.registry import PRIMITIVES
from dsl.program import INPUTS, Arg, Const, Kinds, Local, Name, Program, Statement
from dsl.program.walk import Site, constants, reading, shifted
from dsl.run.parity import parities


class Editor:
    """The parts of a program, open for change."""

    def __init__(self, program: Program):
        self.inputs = list(program.inputs)
        self.slots = dict(program.slots)
        self.hyperparameters = dict(program.hyperparameters)
        self.statements = list(program.statements)
        self.next_values = dict(program.next_values)
        self.result = program.result
        self.point = program.point
        self.kinds = Kinds(program.name_kinds, program.kinds)
        self._before = program

    def program(self, name: str) -> Program:
        """The program that the parts make; KindError if an edit took a length that is wanted."""
        return Program(
            name=name,
            inputs=tuple(self.inputs),
            slots=self.slots,
            hyperparameters=self.hyperparameters,
            statements=tuple(self.statements),
            next_values=self.next_values,
            result=self.result,
            meanings=self._before.meanings,
            point=self.point,
        )

    def within(self, hyper: str, value: float) -> float:
        """A default of a hyperparameter, in the range that the rule states for it."""
        meanings = self._before.meanings
        return meanings[hyper].nearest(value) if hyper in meanings else value

    def kind_of(self, arg: Arg) -> Kind:
        """The kind of an argument, of an input that is not declared yet too."""
        if isinstance(arg, Name) and arg.id not in self.kinds.names:
            return INPUTS[arg.id][0]
        return self.kinds.of(arg)

    def wanted(self, at: int) -> tuple[Kind, ...]:
        """The kinds that the arguments of a statement are lifted to."""
        statement = self.statements[at]
        kinds = tuple(map(self.kind_of, statement.args))
        return PRIMITIVES[statement.op].signature.bind(kinds)[0]

    def visible(self, at: int, wanted: Kind, *, exactly: bool = False) -> list[Arg]:
        """Names and values that statement `at` may read where `wanted` stands; `exactly`: of that
        kind and no other."""
        names, values = self.kinds.names, self.kinds.values[:at]
        fits = (lambda kind: kind is wanted) if exactly else (lambda kind: lifts(kind, wanted))
        found: list[Arg] = [Name(name) for name, kind in names.items() if fits(kind)]
        if "t" not in names and fits(INPUTS["t"][0]):
            found.append(Name("t"))
        found.extend(Local(index) for index, kind in enumerate(values) if fits(kind))
        return found

    def mirrored_alike(self, values: Sequence[Arg], as_of: Arg) -> Sequence[Arg]:
        """Those of some values that have the parity of another, before any change; all of them
        where none has."""
        known = parities(self._before)
        alike = [arg for arg in values if known.get(arg) is known.get(as_of)]
        return alike or values

    def read_from(self, at: int) -> set[Arg]:
        """The arguments of statement `at` and later ones, and what leaves the step."""
        read = {arg for statement in self.statements[at:] for arg in statement.args}
        point = () if self.point is None else (self.point,)
        return read.union(self.next_values.values(), (self.result,), point)

    def sites(self) -> list[Site]:
        """Every argument of a statement."""
        statements = enumerate(self.statements)
        return [(at, position) for at, each in statements for position in range(len(each.args))]

    def constants(self) -> list[tuple[Site, Const]]:
        """Every argument of a statement that is a number."""
        return constants(self.statements)

    def insert(self, at: int, op: str, args: tuple[Arg, ...], over: Arg | None = None) -> Local:
        """Put `op(*args)` before statement `at`; later readers of `over` read it instead."""
        new = Local(at)

        def moved(arg: Arg) -> Arg:
            return new if arg == over else shifted(arg, at, 1)

        self._declare_inputs(args)
        self.kinds.values.insert(at, self.kinds.applied(op, args))
        self._remap(at, moved)
        self.statements.insert(at, Statement(op, args))
        return new

    def delete(self, at: int, instead: Arg) -> None:
        """Take statement `at` out; its readers read `instead`."""
        gone = Local(at)

        def moved(arg: Arg) -> Arg:
            return instead if arg == gone else shifted(arg, at + 1, -1)

        self._declare_inputs((instead,))
        del self.statements[at], self.kinds.values[at]
        self._remap(at, moved)

    def replace_argument(self, site: Site, arg: Arg) -> None:
        """Let a statement read `arg`."""
        at, position = site
        self._declare_inputs((arg,))
        old = self.statements[at]
        args = (*old.args[:position], arg, *old.args[position + 1 :])
        self.statements[at] = Statement(old.op, args, old.name)

    def replace_primitive(self, at: int, op: str) -> None:
        """Let statement `at` apply another primitive of the same signature."""
        old = self.statements[at]
        self.statements[at] = Statement(op, old.args, old.name)

    def replace_next_value(self, slot: str, arg: Arg) -> None:
        """Let a slot become `arg`."""
        self._declare_inputs((arg,))
        self.next_values[slot] = arg

    def fresh_slots(self, count: int) -> list[str]:
        """Names for new slots."""
        names = (f"s{number}" for number in itertools.count())
        return list(itertools.islice((n for n in names if n not in self.kinds.names), count))

    def add_slot(self, name: str, init: Init, next_value: Arg) -> None:
        """Declare a slot."""
        self.slots[name] = init
        self.next_values[name] = next_value
        self.kinds.names[name] = init.kind

    def remove_slot(self, name: str, instead: Arg) -> None:
        """Drop a slot; readers of its value at the start of the step read `instead`."""
        del self.slots[name], self.next_values[name], self.kinds.names[name]
        gone = Name(name)
        self._declare_inputs((instead,))
        self._remap(0, lambda arg: instead if arg == gone else arg)

    def _declare_inputs(self, args: tuple[Arg, ...]) -> None:
        names = self.kinds.names
        for arg in args:
            if isinstance(arg, Name) and arg.id not in names:
                self.inputs.append(arg.id)
                names[arg.id] = INPUTS[arg.id][0]

    def _remap(self, at: int, change: Callable[[Arg], Arg]) -> None:
        """Replace every argument of statement `at` and later ones, and what leaves the step."""
        self.statements[at:] = [reading(statement, change) for statement in self.statements[at:]]
        self.next_values = {slot: change(arg) for slot, arg in self.next_values.items()}
        self.result = change(self.result)
        self.point = None if self.point is None else change(self.point)
