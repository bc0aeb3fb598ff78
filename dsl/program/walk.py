"""The walker of programs: who reads a value, what a value needs, and programs written anew.

Everything that goes from argument to argument, renumbers statements or replaces what they read
does it through here:

    readers(program)                the places that read each value
    needed(program, roots)          all that some values are computed from
    dependants(program, name)       all that is computed from a name, at this step or a later one
    remap(program, change)          every argument replaced, statements in place
    Rewriter(program)               statements left out, added, or taken from several programs
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Generic, NamedTuple, TypeVar

from dsl.language.registry import PRIMITIVES
from dsl.program.terms import Arg, Const, Local, Name, Parts, Statement

P = TypeVar("P", bound=Parts)

Site = tuple[int, int]
"""An argument: the statement that reads it, and its position there."""

Follow = Callable[[Arg], Iterable[Arg]]
"""The arguments to go on with from one that was met."""


class Read(NamedTuple):
    """A place that reads a value: argument `at` of statement `by`.

    Where the value leaves the step, `by` is the number of statements and `at` its place among the
    outputs.
    """

    by: int
    at: int


def readers(program: Parts) -> dict[Arg, list[Read]]:
    """The places that read each argument, in order; one that nothing reads has no entry."""
    found: dict[Arg, list[Read]] = {}
    for by, statement in enumerate(program.statements):
        for at, arg in enumerate(statement.args):
            found.setdefault(arg, []).append(Read(by, at))
    for at, arg in enumerate(program.outputs):
        found.setdefault(arg, []).append(Read(len(program.statements), at))
    return found


def constants(statements: Iterable[Statement]) -> list[tuple[Site, Const]]:
    """Every argument of some statements that is a number, in order."""
    return [
        ((at, position), arg)
        for at, statement in enumerate(statements)
        for position, arg in enumerate(statement.args)
        if isinstance(arg, Const)
    ]


def arguments(program: Parts, indices: Iterable[int]) -> Iterator[Arg]:
    """The arguments of some statements, in order, then the outputs."""
    for index in indices:
        yield from program.statements[index].args
    yield from program.outputs


def within_step(program: Parts) -> Follow:
    """From a value to the arguments of its statement."""
    statements = program.statements
    return lambda arg: statements[arg.index].args if isinstance(arg, Local) else ()


def across_steps(program: Parts) -> Follow:
    """From a value to the arguments of its statement, from a slot to its next value."""

    statements, next_values = program.statements, program.next_values

    def follow(arg: Arg) -> Iterable[Arg]:
        if isinstance(arg, Local):
            return statements[arg.index].args
        if isinstance(arg, Name) and arg.id in next_values:
            return (next_values[arg.id],)
        return ()

    return follow


def in_any_case(program: Parts) -> Follow:
    """From a value to the arguments that its statement reads whichever branch it chooses."""

    def follow(arg: Arg) -> Iterable[Arg]:
        if not isinstance(arg, Local):
            return ()
        statement = program.statements[arg.index]
        lazy = PRIMITIVES[statement.op].lazy
        if not lazy:
            return statement.args
        return [each for at, each in enumerate(statement.args) if at not in lazy]

    return follow


def in_each_branch(program: Parts) -> Follow:
    """The same, and from a choice to the statements that all of its branches need."""
    whichever = in_any_case(program)
    shared: dict[Arg, list[Arg]] = {}

    def follow(arg: Arg) -> Iterable[Arg]:
        if not isinstance(arg, Local):
            return ()
        if arg not in shared:
            statement = program.statements[arg.index]
            lazy = PRIMITIVES[statement.op].lazy
            branches = [needed(program, [statement.args[at]], follow) for at in lazy]
            common = set.intersection(*branches) if branches else set()
            shared[arg] = [Local(index) for index in indices(common)]
        return [*whichever(arg), *shared[arg]]

    return follow


def needed(program: Parts, roots: Iterable[Arg], follow: Follow | None = None) -> set[Arg]:
    """`roots` and all that they are computed from, names and numbers too.

    **Arguments:** `follow`: where to go from each argument; `within_step(program)` if None.
    """
    follow = follow or within_step(program)
    found: set[Arg] = set()
    stack = list(roots)
    while stack:
        arg = stack.pop()
        if arg not in found:
            found.add(arg)
            stack.extend(follow(arg))
    return found


def dependants(program: Parts, name: Name) -> set[Arg]:
    """The name, and all statements and slots whose values depend on it at some step."""
    found: set[Arg] = {name}
    while True:
        before = len(found)
        for index, statement in enumerate(program.statements):
            if not found.isdisjoint(statement.args):
                found.add(Local(index))
        found.update(Name(slot) for slot, arg in program.next_values.items() if arg in found)
        if len(found) == before:
            return found


def indices(args: Iterable[Arg]) -> list[int]:
    """The statements among some arguments, in order."""
    return sorted(arg.index for arg in args if isinstance(arg, Local))


def post_order(roots: Iterable[Arg], follow: Follow) -> Iterator[Arg]:
    """Every argument that `roots` need, each once, after all that it is computed from.

    `roots` are taken one by one, so they may depend on what was met before.
    """
    met: set[Arg] = set()
    for root in roots:
        stack = [(root, iter(follow(root)))] if root not in met else []
        met.add(root)
        while stack:
            arg, ahead = stack[-1]
            for each in ahead:
                if each not in met:
                    met.add(each)
                    stack.append((each, iter(follow(each))))
                    break
            else:
                stack.pop()
                yield arg


def reading(statement: Statement, change: Callable[[Arg], Arg]) -> Statement:
    """The statement with every argument replaced by what `change` makes of it."""
    args = tuple(map(change, statement.args))
    if args == statement.args:
        return statement
    return Statement(statement.op, args, statement.name)


def shifted(arg: Arg, first: int, by: int) -> Arg:
    """The argument as it is called after statement `first` and later ones have moved by `by`."""
    if isinstance(arg, Local) and arg.index >= first:
        return Local(arg.index + by)
    return arg


def remap(program: P, change: Callable[[Arg], Arg], **parts: Any) -> P:
    """The program with every argument replaced, outputs included; `parts` are taken as they are."""
    changed = {
        "statements": tuple(reading(statement, change) for statement in program.statements),
        "next_values": {slot: change(arg) for slot, arg in program.next_values.items()},
        "result": change(program.result),
        "point": None if program.point is None else change(program.point),
    }
    return replace(program, **{**changed, **parts})


class Rewriter(Generic[P]):
    """Writes statements one after the other, most of them copies from a program.

    `place` has the value that stands for an argument of that program; an argument without an entry
    stands for itself. `statements` may be given, and go on.
    """

    def __init__(
        self,
        program: P,
        place: Mapping[Arg, Arg] | None = None,
        statements: list[Statement] | None = None,
    ):
        self.program = program
        self.place: dict[Arg, Arg] = dict(place or {})
        self.statements: list[Statement] = [] if statements is None else statements

    def moved(self, arg: Arg) -> Arg:
        """The value that stands for an argument of the program."""
        return self.place.get(arg, arg)

    def put(self, op: str, *args: Arg, name: str | None = None) -> Local:
        """The value of a new statement."""
        self.statements.append(Statement(op, args, name))
        return Local(len(self.statements) - 1)

    def copy(self, indices: Iterable[int] | None = None) -> None:
        """Copy some statements of the program, in order; all if None."""
        every = range(len(self.program.statements))
        for index in every if indices is None else indices:
            statement = reading(self.program.statements[index], self.moved)
            self.statements.append(statement)
            self.place[Local(index)] = Local(len(self.statements) - 1)

    def finish(self, **parts: Any) -> P:
        """The program with the statements written here, and outputs moved; `parts` stand as given.

        Where `slots` are among them, those that the program has too keep their next values.
        """
        kept = parts.get("slots", self.program.slots)
        nexts = self.program.next_values.items()
        made = {
            "statements": tuple(self.statements),
            "next_values": {slot: self.moved(arg) for slot, arg in nexts if slot in kept},
            "result": self.moved(self.program.result),
            "point": None if self.program.point is None else self.moved(self.program.point),
        }
        return replace(self.program, **{**made, **parts})
