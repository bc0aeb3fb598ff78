"""A program taken apart for one edit: statements moved, values replaced, then built again.

An edit never leaves the language: a value is only replaced by one whose kind lifts to its own, and
every reader of a value accepts what lifts to it.
"""

from collections.abc import Iterator

from dsl.language.initialisers import Init
from dsl.language.kinds import Kind, lifts
from dsl.program import INPUTS, Arg, Const, Local, Name, Program, Statement, result_kind


class Draft:
    """The parts of a program, open for change."""

    def __init__(self, program: Program):
        self.inputs = list(program.inputs)
        self.state = list(program.slots.items())
        self.hypers = list(program.hyperparameters.items())
        self.statements = list(program.statements)
        self.kinds = list(program.kinds)
        self.updates = list(program.next_values.values())
        self.result = program.result
        self.name_kinds = dict(program.name_kinds)

    def program(self, name: str) -> Program:
        """The program that the parts make."""
        return Program(
            name=name,
            inputs=tuple(self.inputs),
            slots=dict(self.state),
            hyperparameters=dict(self.hypers),
            statements=tuple(self.statements),
            next_values={
                slot: arg for (slot, _), arg in zip(self.state, self.updates, strict=True)
            },
            result=self.result,
        )

    def kind_of(self, arg: Arg) -> Kind:
        """The kind of an argument."""
        match arg:
            case Const():
                return Kind.GLOBAL
            case Local(index):
                return self.kinds[index]
            case Name(id):
                return self.name_kinds.get(id) or INPUTS[id][0]

    def visible(self, at: int, wanted: Kind, exactly: bool = False) -> list[Arg]:
        """Names and values that statement `at` may read where `wanted` stands."""
        fits = (lambda kind: kind is wanted) if exactly else (lambda kind: lifts(kind, wanted))
        found: list[Arg] = [Name(name) for name, kind in self.name_kinds.items() if fits(kind)]
        if "t" not in self.name_kinds and fits(INPUTS["t"][0]):
            found.append(Name("t"))
        found.extend(Local(i) for i, kind in enumerate(self.kinds[:at]) if fits(kind))
        return found

    def read_from(self, at: int) -> set[Arg]:
        """What statement `at`, a later one, a slot update or the result reads."""
        read = {arg for statement in self.statements[at:] for arg in statement.args}
        return read.union(self.updates, (self.result,))

    def sites(self) -> Iterator[tuple[int, int]]:
        """Every argument as (statement, position)."""
        for index, statement in enumerate(self.statements):
            yield from ((index, position) for position in range(len(statement.args)))

    def insert(self, at: int, op: str, args: tuple[Arg, ...], over: Arg | None = None) -> Local:
        """Put `op(*args)` before statement `at`; later readers of `over` read it instead."""
        new = Local(at)

        def moved(arg: Arg) -> Arg:
            if over is not None and arg == over:
                return new
            return Local(arg.index + 1) if isinstance(arg, Local) and arg.index >= at else arg

        self._declare_inputs(args)
        kind = result_kind(op, tuple(map(self.kind_of, args)))
        self._rewrite(at, moved)
        self.statements.insert(at, Statement(op, args))
        self.kinds.insert(at, kind)
        return new

    def delete(self, at: int, instead: Arg) -> None:
        """Take statement `at` out; its readers read `instead`."""
        gone = Local(at)

        def moved(arg: Arg) -> Arg:
            if arg == gone:
                return instead
            return Local(arg.index - 1) if isinstance(arg, Local) and arg.index > at else arg

        self._declare_inputs((instead,))
        del self.statements[at], self.kinds[at]
        self._rewrite(at, moved)

    def replace_argument(self, at: int, position: int, arg: Arg) -> None:
        """Let statement `at` read `arg` at `position`."""
        self._declare_inputs((arg,))
        old = self.statements[at]
        args = (*old.args[:position], arg, *old.args[position + 1 :])
        self.statements[at] = Statement(old.op, args, old.name)

    def replace_primitive(self, at: int, op: str) -> None:
        """Let statement `at` apply another primitive of the same signature."""
        old = self.statements[at]
        self.statements[at] = Statement(op, old.args, old.name)

    def replace_update(self, slot: int, arg: Arg) -> None:
        """Let a slot, by its place among all, become `arg`."""
        self._declare_inputs((arg,))
        self.updates[slot] = arg

    def add_slot(self, name: str, init: Init, update: Arg) -> None:
        """Declare a slot."""
        self.state.append((name, init))
        self.updates.append(update)
        self.name_kinds[name] = init.kind

    def remove_slot(self, name: str, instead: Arg) -> None:
        """Drop a slot; readers of its value at the start of the step read `instead`."""
        at = [slot for slot, _ in self.state].index(name)
        del self.state[at], self.updates[at], self.name_kinds[name]
        gone = Name(name)
        self._declare_inputs((instead,))
        self._rewrite(0, lambda arg: instead if arg == gone else arg)

    def _declare_inputs(self, args: tuple[Arg, ...]) -> None:
        for arg in args:
            if isinstance(arg, Name) and arg.id not in self.name_kinds:
                self.inputs.append(arg.id)
                self.name_kinds[arg.id] = INPUTS[arg.id][0]

    def _rewrite(self, at: int, moved) -> None:
        for index in range(at, len(self.statements)):
            old = self.statements[index]
            args = tuple(map(moved, old.args))
            if args != old.args:
                self.statements[index] = Statement(old.op, args, old.name)
        self.updates = [moved(arg) for arg in self.updates]
        self.result = moved(self.result)
