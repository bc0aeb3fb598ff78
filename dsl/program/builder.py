"""Building a program statement by statement: what parser, tracer, rewriter and search share.

The builder keeps what each name is bound to right now, infers kinds as it goes, and makes the
`Program` at the end.
"""

from collections.abc import Mapping

from dsl.errors import FormError, UnknownName, did_you_mean
from dsl.language.initialisers import Init, NamedStart
from dsl.language.kinds import Kind
from dsl.language.names import check_name
from dsl.program.check import Kinds, check_declared, check_slot
from dsl.program.program import Program
from dsl.program.terms import INPUTS, Arg, Const, Local, Name, Statement


class Builder:
    """Collects the statements of one program.

    `bound` maps a name to its value at this point; assigning to a slot's name sets the slot's next
    value; the slot becomes what its name is bound to at the end.
    """

    def __init__(self, name: str, doc: str = ""):
        self.name = name
        self.doc = doc
        self.inputs: list[str] = []
        self.slots: dict[str, Init] = {}
        self.hyperparameters: dict[str, float] = {}
        self.statements: list[Statement] = []
        self.bound: dict[str, Arg] = {}
        self.kinds = Kinds({})

    def declare_input(self, name: str) -> None:
        """Make the input `name` readable."""
        if name not in INPUTS:
            inputs = ", ".join(INPUTS)
            raise FormError(
                f"slot '{name}' is never initialised{did_you_mean(name, INPUTS)}",
                help=f"give it a start, e.g. {name}=zeros; the inputs are {inputs}",
            )
        self._declare(name, INPUTS[name][0])
        self.inputs.append(name)

    def declare_slot(
        self, name: str, start: Init | NamedStart, defaults: Mapping[str, float] | None = None
    ) -> None:
        """Add a slot that starts as `start`; `defaults` are the hyperparameters that it may name,
        to be declared after the slots."""
        check_declared(name, "a slot")
        init = start.at(defaults or {}) if isinstance(start, NamedStart) else start
        self._declare(name, init.kind)
        self.slots[name] = Init(init.rule, init.args, init.names)

    def declare_hyper(self, name: str, default: float) -> None:
        """Add a hyperparameter with its default."""
        check_declared(name, "a hyperparameter")
        self._declare(name, Kind.GLOBAL)
        self.hyperparameters[name] = number(default).value

    def _declare(self, name: str, kind: Kind) -> None:
        if name in self.bound:
            raise FormError(f"'{name}' is declared twice")
        self.bound[name] = Name(name)
        self.kinds.names[name] = kind

    def read(self, name: str) -> Arg:
        """The value that `name` is bound to here; UnknownName if there is no such name."""
        if name in self.bound:
            return self.bound[name]
        if name in INPUTS:
            raise UnknownName(
                f"unbound name '{name}'",
                help=f"'{name}' is an input: list it among the parameters of the rule",
            )
        raise UnknownName(f"unbound name '{name}'{did_you_mean(name, self.bound)}")

    def kind_of(self, arg: Arg) -> Kind:
        """The kind of an argument made by this builder."""
        return self.kinds.of(arg)

    def call(self, op: str, args: tuple[Arg, ...], name: str | None = None) -> Local:
        """Append `op(*args)`; KindError if the kinds do not fit."""
        self.kinds.append(op, args)
        self.statements.append(Statement(op, args, name))
        return Local(len(self.statements) - 1)

    def assign(self, name: str, value: Arg) -> None:
        """Bind `name`; for a slot this is its next value unless it is assigned again."""
        if name in self.slots:
            check_slot(name, self.slots[name], self.kind_of(value))
        else:
            check_name(name, "a value")
        self.bound[name] = value
        self._call_it(value, name)

    def note(self, value: Arg, name: str) -> None:
        """Remember what a helper calls a value, unless the rule calls something else so."""
        check_name(name, "a value")
        if name not in self.kinds.names:
            self._call_it(value, name)

    def _call_it(self, value: Arg, name: str) -> None:
        """Give a value its name, if it has none."""
        if isinstance(value, Local):
            statement = self.statements[value.index]
            if statement.name is None:
                self.statements[value.index] = Statement(statement.op, statement.args, name)

    def finish(self, result: Arg, point: Arg | None = None) -> Program:
        """The program that subtracts `result` and is evaluated at `point`, if there is one."""
        return Program(
            name=self.name,
            inputs=tuple(self.inputs),
            slots=self.slots,
            hyperparameters=self.hyperparameters,
            statements=tuple(self.statements),
            next_values={slot: self.bound[slot] for slot in self.slots},
            result=result,
            doc=self.doc,
            point=point,
        )


def number(value: float) -> Const:
    """A number of the program; DslError unless it is finite."""
    return Const(value)
