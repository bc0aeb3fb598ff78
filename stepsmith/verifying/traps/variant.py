"""A rule with a difference, and the program written anew around one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from dsl.errors import DslError
from dsl.program import Arg, Const, Local, Name, Program, Statement
from dsl.program.walk import Rewriter

LR, WD, W, G, T = Name("lr"), Name("wd"), Name("w"), Name("g"), Name("t")


@dataclass(frozen=True)
class Trap:
    """A difference in words, and the rule with that difference.

    `reason` says what the other optimizer does (`it ...`) or what the rule does.
    """

    reason: str
    variant: Program


class Variant(Rewriter[Program]):
    """A program written anew, statement by statement, with some values computed otherwise."""

    def __init__(self, program: Program):
        super().__init__(program)
        self.kept: dict[Arg, Arg] = {}
        """The values that slots hold, where they are not those that statements read."""

    def met(self, arg: Arg) -> Statement | None:
        """The new statement that makes a value."""
        return self.statements[arg.index] if isinstance(arg, Local) else None

    def run(self, change: "Change", *, state_too: bool = True) -> "Variant":
        """Go through the old statements; `change` gives another value for one, or None."""
        for index, old in enumerate(self.program.statements):
            own = self.put(old.op, *map(self.moved, old.args), name=old.name)
            other = change(self, self.statements[own.index])
            self.place[Local(index)] = own if other is None else other
            if not state_too:
                self.kept[Local(index)] = own
        return self

    def program_with(self, result: Arg | None = None) -> Program:
        """The new program; `result` is a value of it, the old one's by default."""
        old = self.program
        read = {arg.id for s in self.statements for arg in s.args if isinstance(arg, Name)}
        more = tuple(n for n in ("w", "g", "t") if n in read and n not in old.inputs)
        nexts = old.next_values.items()
        return self.finish(
            inputs=old.inputs + more,
            next_values={
                slot: self.kept.get(arg, self.moved(arg)) if isinstance(arg, Local) else arg
                for slot, arg in nexts
            },
            result=self.moved(old.result) if result is None else result,
        )


Change = Callable[[Variant, Statement], Arg | None]
"""Another value for a statement of the variant, or None to keep it."""


def tried(reason: str, make: Callable[[], Program]) -> Iterator[Trap]:
    """The trap of a rewriting; none where kinds do not allow it."""
    try:
        variant = make()
    except DslError:
        return
    yield Trap(reason, variant)


def unchanged(build: Variant, statement: Statement) -> None:
    """The statement as it is."""
    return None


def changed(program: Program, change: Change, *, state_too: bool = True) -> Program:
    """The rule with other values for some statements; slots too, or what reads them alone."""
    return Variant(program).run(change, state_too=state_too).program_with()


def correction(build: Variant, statement: Statement) -> Name | None:
    """`b` where a statement is `1 - b ** t` for a hyperparameter `b`."""
    power: Statement | None = None
    if statement.op == "one_minus_power":
        power = statement
    elif statement.op == "sub" and statement.args[0] == Const(1):
        power = build.met(statement.args[1])
        power = power if power is not None and power.op == "power" else None
    base = power.args[0] if power is not None else None
    hypers = build.program.hyperparameters
    return base if isinstance(base, Name) and base.id in hypers else None


def decays(program: Program) -> list[Name]:
    """The hyperparameters that lie between 0 and 1 and whose powers or averages a rule takes."""
    averaged = {
        arg
        for statement in program.statements
        if statement.op in ("interp", "power", "one_minus_power")
        for arg in statement.args
    }
    return [
        Name(name)
        for name, value in program.hyperparameters.items()
        if 0 < value < 1 and Name(name) in averaged
    ]
