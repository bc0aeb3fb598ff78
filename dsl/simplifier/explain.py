"""The chain of laws that leads from one program to another, read off the forest of a graph.

Between two terms of a class the forest has one path. An edge that a law made is a step; where the
arguments of two terms are equal, their steps follow. So a chain is found for every value that
leaves the step, and a law that is used in several places alike is used there in one step.

Source: Nieuwenhuis and Oliveras (2005), "Proof-producing congruence closure".
"""

from collections.abc import Mapping
from typing import NamedTuple

from dsl.language.numbers import format_number
from dsl.language.registry import PRIMITIVES, Domain
from dsl.program import Arg, Program
from dsl.program.walk import Rewriter
from dsl.rewrite.prune import prune
from dsl.simplifier.classes import CONGRUENCE, Reason
from dsl.simplifier.graph import Graph
from dsl.simplifier.instance import law_between
from dsl.simplifier.programs import Loaded, Writer, names_of

_ATOM = 9
_DEEPEST = 150
"""Terms within terms that are explained; a chain of more is told in one step."""


class ExplainedStep(NamedTuple):
    """One law applied to one line of a program.

    `equation` is the law as it is declared, empty for what is not declared as one; `assumed` are
    the conditions that could not be shown, such as `lr > 0`; `program` is what comes of it.
    """

    law: str
    equation: str
    before: str
    after: str
    assumed: tuple[str, ...]
    program: Program

    def __str__(self) -> str:
        told = f"{self.before} => {self.after}" if self.after else f"without {self.before}"
        assumed = f", if {' and '.join(self.assumed)}" if self.assumed else ""
        return f"{self.law}: {told}{assumed}"


class _Edge(NamedTuple):
    """A step of a term: the whole before and after, and the part that changes."""

    whole: int
    made: int
    before: int
    after: int
    reason: Reason


class _TooDeep(Exception):
    """Terms within terms beyond what is explained."""


class Explanation:
    """The steps from a program in a graph with proofs to the terms that were chosen for it."""

    def __init__(self, graph: Graph, loaded: Loaded, program: Program, domain: Domain):
        self.graph = graph
        self.loaded = loaded
        self.program = program
        self.domain = domain
        self._names = names_of(graph, program, loaded)
        self._known: dict[tuple[int, int], list[_Edge]] = {}

    def steps(self, choice: Mapping[int, int]) -> list[ExplainedStep]:
        """The steps; none where there are too many."""
        try:
            return _straight(self.program, self._steps(choice))
        except (_TooDeep, RecursionError):
            return []

    def _steps(self, choice: Mapping[int, int]) -> list[ExplainedStep]:
        final: dict[int, int] = {}
        state = list(self.loaded.roots)
        goals = [self._chosen(root, choice, final) for root in state]
        found: list[ExplainedStep] = []
        for at, goal in enumerate(goals):
            plan = list(self._path(state[at], goal))
            while plan:
                edge = plan.pop(0)
                wider = self._replaced(state[at], edge.before, edge.after, {})
                state[at] = edge.made
                if wider != edge.made:
                    shorter = self._path(wider, goal)
                    if len(shorter) < len(plan):
                        state[at], plan = wider, list(shorter)
                for other in range(at + 1, len(goals)):
                    changed = self._replaced(state[other], edge.before, edge.after, {})
                    if changed != state[other]:
                        left = self._path(state[other], goals[other])
                        if len(self._path(changed, goals[other])) < len(left):
                            state[other] = changed
                found.append(self._told(edge, state))
        return found

    def _chosen(self, term: int, choice: Mapping[int, int], final: dict[int, int]) -> int:
        """The term of a class that is chosen, with the chosen ones of its arguments."""
        root = self.graph.find(term)
        if root not in final:
            chosen = choice[root]
            kids = self.graph.kids[chosen]
            if kids:
                args = tuple(self._chosen(kid, choice, final) for kid in kids)
                added = self.graph.add(self.graph.op[chosen], args)
                chosen = chosen if added is None else added
            final[root] = chosen
        return final[root]

    def _path(self, one: int, other: int, depth: int = 0) -> list[_Edge]:
        """The steps between two terms of a class."""
        key = one, other
        if key in self._known:
            return self._known[key]
        if depth > _DEEPEST:
            raise _TooDeep
        found: list[_Edge] = []
        start = at = one
        for before, after, reason in self._edges(one, other):
            if reason.name != CONGRUENCE.name:
                found += self._congruent(start, before, depth)
                found.append(_Edge(before, after, before, after, reason))
                start = after
            at = after
        found += self._congruent(start, at, depth)
        self._known[key] = found
        return found

    def _edges(self, one: int, other: int) -> list[tuple[int, int, Reason]]:
        """The edges of the forest from one term to another."""
        up: dict[int, int] = {one: 0}
        first: list[tuple[int, int, Reason]] = []
        at = one
        while (edge := self.graph.edge[at]) is not None:
            first.append((at, edge[0], edge[1]))
            at = edge[0]
            up[at] = len(first)
        second: list[tuple[int, int, Reason]] = []
        at = other
        while at not in up:
            edge = self.graph.edge[at]
            assert edge is not None, "the terms are of one class"
            reason = edge[1]
            turned = reason._replace(backwards=not reason.backwards)
            second.append((edge[0], at, turned))
            at = edge[0]
        return [*first[: up[at]], *reversed(second)]

    def _congruent(self, one: int, other: int, depth: int) -> list[_Edge]:
        """The steps between two terms whose arguments are equal."""
        if one == other:
            return []
        graph = self.graph
        now, wanted = list(graph.kids[one]), list(graph.kids[other])
        straight = all(graph.same(a, b) for a, b in zip(now, wanted, strict=True))
        if not straight:
            wanted[:2] = wanted[1], wanted[0]
        found: list[_Edge] = []
        whole = one
        for at, goal in enumerate(wanted):
            for edge in self._path(now[at], goal, depth + 1):
                same = [place for place, kid in enumerate(now) if kid == now[at]]
                alike = [place for place in same if place == at or wanted[place] == goal]
                for place in alike:
                    now[place] = edge.made
                made = graph.add(graph.op[one], tuple(now))
                assert made is not None, "equal arguments fit as well"
                found.append(edge._replace(whole=whole, made=made))
                whole = made
        return found

    def _replaced(self, term: int, before: int, after: int, made: dict[int, int]) -> int:
        """A term with a part replaced wherever it is."""
        if term == before:
            return after
        if term not in made:
            kids = self.graph.kids[term]
            args = tuple(self._replaced(kid, before, after, made) for kid in kids)
            added = term if args == kids else self.graph.add(self.graph.op[term], args)
            made[term] = term if added is None else added
        return made[term]

    def _told(self, edge: _Edge, state: list[int]) -> ExplainedStep:
        """A step in words, with the program that it leads to."""
        reason = edge.reason
        law = reason.law
        if law is None:
            law = law_between(self.graph, edge.before, edge.after, self.domain)
        return ExplainedStep(
            law=reason.name if law is None else law.title,
            equation="" if law is None else law.text,
            before=self._text(edge.before),
            after=self._text(edge.after),
            assumed=tuple(sorted(reason.assumed)),
            program=self._program(state),
        )

    def _program(self, state: list[int]) -> Program:
        """The program that some terms are, for the values that leave the step."""
        writer = Writer(_AsTheyStand(self.graph), {})
        names: dict[int, str] = {}
        taken: set[int] = set()
        outputs: list[Arg] = [writer.put(term) for term in state]
        for term in writer.terms():
            root = self.graph.find(term)
            if root in self._names and root not in taken:
                taken.add(root)
                names[term] = self._names[root]
        written = Rewriter(self.program)
        written.statements = writer.called(names)
        return prune(written.finish(**self.loaded.leaving(outputs)))

    def _text(self, term: int) -> str:
        """A term in words; the values in it that the author named by their names."""
        return self._words(term, whole=True)[0]

    def _words(self, term: int, *, whole: bool = False) -> tuple[str, int]:
        """The text of a term, and how tightly it binds."""
        graph = self.graph
        leaf = graph.leaf[term]
        if leaf is not None:
            return format_number(leaf) if isinstance(leaf, float) else str(leaf), _ATOM
        name = self._names.get(graph.find(term))
        if name is not None and not whole:
            return name, _ATOM
        op = graph.op[term]
        kids = [self._words(kid) for kid in graph.kids[term]]
        infix = PRIMITIVES[op].infix
        if infix is None:
            return f"{op}({', '.join(text for text, _ in kids)})", _ATOM
        least = [infix.precedence + (at > 0) for at in range(len(kids))]
        words = [
            text if binds >= wanted and not infix.right else f"({text})" if binds < _ATOM else text
            for (text, binds), wanted in zip(kids, least, strict=True)
        ]
        if len(words) == 1:
            return f"{infix.symbol}{words[0]}", infix.precedence
        return f"{words[0]} {infix.symbol} {words[1]}", infix.precedence


def _straight(program: Program, steps: list[ExplainedStep]) -> list[ExplainedStep]:
    """The steps without those that lead from a program back to it."""
    kept: list[ExplainedStep] = []
    for step in steps:
        seen = [program, *(each.program for each in kept)]
        kept.append(step)
        if step.program in seen:
            del kept[seen.index(step.program) :]
    return kept


class _AsTheyStand:
    """A graph in which every term is a class of its own."""

    def __init__(self, graph: Graph):
        self.op = graph.op
        self.kids = graph.kids
        self.leaf = graph.leaf

    def find(self, term: int) -> int:
        """The term itself."""
        return term
