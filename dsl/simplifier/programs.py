"""Programs into a graph, and out of it again."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from dsl.program import Arg, Const, Local, Name, Program, Statement
from dsl.program.printer import is_fresh
from dsl.rewrite.prune import prune
from dsl.simplifier.graph import Graph


class Loaded(NamedTuple):
    """A program in a graph: the terms of its statements, of the next values of its slots, of its
    result, and of its point if it has one."""

    statements: list[int]
    nexts: dict[str, int]
    result: int
    point: int | None

    @property
    def roots(self) -> list[int]:
        """The terms that leave the step."""
        point = [] if self.point is None else [self.point]
        return [*self.nexts.values(), self.result, *point]

    def leaving(self, values: Sequence[Arg]) -> dict[str, Any]:
        """The parts of a program that leave the step, of the values of `roots`."""
        nexts, rest = values[: len(self.nexts)], values[len(self.nexts) :]
        return {
            "next_values": dict(zip(self.nexts, nexts, strict=True)),
            "result": rest[0],
            "point": None if self.point is None else rest[1],
        }


def load(graph: Graph, program: Program, given: Mapping[str, int] | None = None) -> Loaded:
    """Put a program into a graph; `given` has terms that stand for names."""
    terms: list[int] = []

    def term(arg: Arg) -> int:
        match arg:
            case Local(index):
                return terms[index]
            case Const(value):
                return graph.num(value)
            case Name(id):
                return given[id] if given and id in given else graph.name(id)

    for statement in program.statements:
        made = graph.add(statement.op, tuple(map(term, statement.args)))
        assert made is not None, "a program fits together"
        terms.append(made)
    nexts = {slot: term(arg) for slot, arg in program.next_values.items()}
    point = None if program.point is None else term(program.point)
    return Loaded(terms, nexts, term(program.result), point)


def there(graph: Graph, loaded: Loaded) -> frozenset[int]:
    """The terms that a program has, now that classes came together: those that have the same
    arguments as one of its statements."""
    nodes = {graph.node(term) for term in loaded.statements if graph.kids[term]}
    return frozenset(
        term
        for terms in graph.by_op.values()
        for each in terms.values()
        for term in each
        if graph.kids[term] and graph.node(term) in nodes
    )


class TermStore(Protocol):
    """Terms, and which of them are equal."""

    op: list[str]
    kids: list[tuple[int, ...]]
    leaf: list[str | float | None]

    def find(self, term: int) -> int:
        """The class of a term."""
        ...


class Writer:
    """Writes terms as statements, each once; terms of a class share one value.

    **Arguments:** `choice`: the term that is written for each class; a class without one is written
    as the term at hand.
    """

    def __init__(self, graph: TermStore, choice: Mapping[int, int]):
        self.graph = graph
        self.choice = choice
        self.statements: list[Statement] = []
        self._made: dict[int, Arg] = {}

    def has(self, term: int) -> bool:
        """True if the value of a term is there."""
        return self.graph.find(term) in self._made

    def put(self, term: int, name: str | None = None) -> Arg:
        """The value of a term, and of all that it needs."""
        root = self.graph.find(term)
        if root in self._made:
            return self._made[root]
        stack = [root]
        while stack:
            at = stack[-1]
            if at in self._made:
                stack.pop()
                continue
            chosen = self.choice.get(at, at)
            kids = [self.graph.find(kid) for kid in self.graph.kids[chosen]]
            missing = [kid for kid in reversed(kids) if kid not in self._made]
            if missing:
                stack += missing
                continue
            stack.pop()
            self._made[at] = self._written(chosen, kids, name if at == root else None)
        return self._made[root]

    def _written(self, term: int, kids: list[int], name: str | None) -> Arg:
        leaf = self.graph.leaf[term]
        if isinstance(leaf, float):
            return Const(leaf)
        if leaf is not None:
            return Name(str(leaf))
        args = tuple(self._made[kid] for kid in kids)
        self.statements.append(Statement(self.graph.op[term], args, name))
        return Local(len(self.statements) - 1)

    def terms(self) -> list[int]:
        """The classes that are written as statements."""
        return [root for root, arg in self._made.items() if isinstance(arg, Local)]

    def called(self, names: Mapping[int, str]) -> list[Statement]:
        """The statements with the names of their classes."""
        by_place = {
            arg.index: names.get(root) for root, arg in self._made.items() if isinstance(arg, Local)
        }
        return [
            Statement(each.op, each.args, by_place.get(at))
            for at, each in enumerate(self.statements)
        ]


def written(graph: Graph, choice: Mapping[int, int], program: Program, loaded: Loaded) -> Program:
    """The program that a choice makes, in the order and with the names of the one that was loaded.

    Raises what `Program` raises where kinds do not fit.
    """
    writer = Writer(graph, choice)
    needed = _needed(graph, choice, loaded.roots)
    names = names_of(graph, program, loaded)
    for term in loaded.statements:
        root = graph.find(term)
        if root in needed and not writer.has(term):
            ready = all(
                writer.has(kid) or not graph.kids[choice[graph.find(kid)]]
                for kid in graph.kids[choice[root]]
            )
            if ready:
                writer.put(term, names.get(root))
    for root in [graph.find(each) for each in loaded.roots]:
        writer.put(root, names.get(root))
    leaving = loaded.leaving([writer.put(term) for term in loaded.roots])
    made = replace(program, statements=tuple(writer.called(names)), **leaving)
    return prune(made)


def names_of(graph: Graph, program: Program, loaded: Loaded) -> dict[int, str]:
    """The author's name of each class: that of the last statement with one, of a slot first."""
    names: dict[int, str] = {}
    for statement, term in zip(program.statements, loaded.statements, strict=True):
        if statement.name and not is_fresh(statement.name):
            root = graph.find(term)
            if names.get(root) not in program.slots:
                names[root] = statement.name
    return names


def _needed(graph: Graph, choice: Mapping[int, int], roots: list[int]) -> set[int]:
    found: set[int] = set()
    stack = [graph.find(root) for root in roots]
    while stack:
        root = stack.pop()
        if root not in found:
            found.add(root)
            stack.extend(graph.find(kid) for kid in graph.kids[choice[root]])
    return found
