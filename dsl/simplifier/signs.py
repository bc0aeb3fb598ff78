"""The signs of values: what is never below 0, what is always above, and what was assumed for it.

A hyperparameter counts as what its default is, which is an assumption: the caller may choose
another value. Slots count by induction: those that are not negative at the start, and stay so if
they all are.
"""

from collections.abc import Mapping
from typing import NamedTuple

from dsl.language.registry import PRIMITIVES
from dsl.language.sign import Sign
from dsl.program import Program
from dsl.simplifier.graph import Graph
from dsl.simplifier.programs import load


class KnownSign(NamedTuple):
    """Knowledge of a sign: 0: none; 1: not below 0; 2: above 0. `assumed` in words."""

    level: int
    assumed: frozenset[str] = frozenset()


UNKNOWN = KnownSign(0)


class Signs:
    """The signs of the classes of a graph as it is now.

    **Arguments:** `hypers`: hyperparameters with their defaults; `slots`: those that are never
    below 0, with what is assumed for it.
    """

    def __init__(
        self, graph: Graph, hypers: Mapping[str, float], slots: Mapping[str, frozenset[str]]
    ):
        self._graph = graph
        self._hypers = hypers
        self._slots = slots
        self._found: dict[int, KnownSign] = {}

    def of(self, term: int) -> KnownSign:
        """The sign of a term."""
        root = self._graph.find(term)
        if root not in self._found:
            self._found[root] = UNKNOWN
            self._found[root] = self._of(root)
        return self._found[root]

    def _of(self, root: int) -> KnownSign:
        graph = self._graph
        if root in graph.number:
            value = graph.number[root]
            return KnownSign(2 if value > 0 else 1 if value == 0 else 0)
        best = UNKNOWN
        for op, terms in graph.by_op[root].items():
            for term in terms:
                found = self._of_term(op, term)
                if found.level > best.level or (
                    found.level == best.level and len(found.assumed) < len(best.assumed)
                ):
                    best = found
        return best

    def _of_term(self, op: str, term: int) -> KnownSign:
        if op == "name":
            return self._of_name(str(self._graph.leaf[term]))
        kids = self._graph.kids[term]
        match PRIMITIVES[op].sign:
            case Sign.ABOVE:
                return KnownSign(2)
            case Sign.NEVER_BELOW:
                return KnownSign(1)
            case Sign.KEPT:
                return self._of_kept(kids)
            case Sign.OPEN:
                return self._of_algebra(op, kids)

    def _of_algebra(self, op: str, kids: tuple[int, ...]) -> KnownSign:
        """The sign of what arithmetic makes of signs and of bounds."""
        if op in ("mul", "div", "div_eps"):
            return self._of_product(op, kids)
        if op in ("add", "maximum", "minimum", "where", "when"):
            return self._of_pair(op, kids[-2:])
        if op == "interp":
            return self._of_average(kids)
        if op == "power":
            base = self.of(kids[0])
            return KnownSign(2, base.assumed) if base.level == 2 else UNKNOWN
        if op == "reciprocal":
            return KnownSign(2, self.of(kids[0]).assumed) if self.of(kids[0]).level else UNKNOWN
        if op == "sub":
            return self._of_bias_correction(kids)
        return UNKNOWN

    def _of_name(self, name: str) -> KnownSign:
        if name in ("t", "T"):
            return KnownSign(2)
        if name in self._slots:
            return KnownSign(1, self._slots[name])
        if name in self._hypers:
            value = self._hypers[name]
            if value > 0:
                return KnownSign(2, frozenset((f"{name} > 0",)))
            if value == 0:
                return KnownSign(1, frozenset((f"{name} >= 0",)))
        return UNKNOWN

    def _of_kept(self, kids: tuple[int, ...]) -> KnownSign:
        found = [self.of(kid) for kid in kids]
        if not all(each.level for each in found):
            return UNKNOWN
        return KnownSign(1, frozenset[str]().union(*(each.assumed for each in found)))

    def _of_product(self, op: str, kids: tuple[int, ...]) -> KnownSign:
        one, other = self.of(kids[0]), self.of(kids[1])
        if not (one.level and other.level):
            return UNKNOWN
        level = min(one.level, other.level) if op == "mul" else one.level
        return KnownSign(level, one.assumed | other.assumed)

    def _of_pair(self, op: str, kids: tuple[int, ...]) -> KnownSign:
        one, other = self.of(kids[0]), self.of(kids[1])
        if op == "maximum":
            return max(one, other, key=lambda each: (each.level, -len(each.assumed)))
        if not (one.level and other.level):
            return UNKNOWN
        level = (max if op == "add" else min)(one.level, other.level)
        return KnownSign(level, one.assumed | other.assumed)

    def _of_average(self, kids: tuple[int, ...]) -> KnownSign:
        one, other, inside = self.of(kids[0]), self.of(kids[1]), self.inside(kids[2])
        if not (one.level and other.level) or inside is None:
            return UNKNOWN
        return KnownSign(1, one.assumed | other.assumed | inside)

    def _of_bias_correction(self, kids: tuple[int, ...]) -> KnownSign:
        """`1 - b ** t` is above 0 where `b` is between 0 and 1."""
        graph = self._graph
        if graph.number.get(graph.find(kids[0])) != 1:
            return UNKNOWN
        for term in graph.by_op[graph.find(kids[1])].get("power", ()):
            base, power = graph.kids[term]
            inside = self.inside(base)
            if inside is not None and self._is_time(power):
                return KnownSign(2, inside)
        inside = self.inside(kids[1])
        return UNKNOWN if inside is None else KnownSign(2, inside)

    def _is_time(self, term: int) -> bool:
        graph = self._graph
        names = graph.by_op[graph.find(term)].get("name", ())
        return any(graph.leaf[each] in ("t", "T") for each in names)

    def inside(self, term: int) -> frozenset[str] | None:
        """The assumptions under which a value lies between 0 and 1, 1 aside; None if it may not."""
        graph = self._graph
        root = graph.find(term)
        if root in graph.number:
            return frozenset() if 0 <= graph.number[root] < 1 else None
        for each in graph.by_op[root].get("name", ()):
            name = str(graph.leaf[each])
            if 0 <= self._hypers.get(name, -1) < 1:
                return frozenset((f"0 <= {name} < 1",))
        return None


def never_below(program: Program) -> dict[str, frozenset[str]]:
    """The slots that are never below 0, with what is assumed for it."""
    slots = {
        name: frozenset[str]()
        for name, init in program.slots.items()
        if init.number is not None and init.number >= 0
    }
    graph = Graph(program.name_kinds, arithmetic=False)
    loaded = load(graph, program)
    while slots:
        signs = Signs(graph, program.hyperparameters, slots)
        found = {name: signs.of(loaded.nexts[name]) for name in slots}
        left = {name: sign.assumed for name, sign in found.items() if sign.level}
        if left == slots:
            break
        slots = left
    return slots
