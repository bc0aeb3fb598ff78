"""Terms, and classes of terms that are equal: the e-graph itself.

A term is a primitive applied to earlier terms, a name or a number; it is kept once and named by a
number. Classes are a union-find over terms. Two terms whose arguments are of the same classes are
in one class (congruence). Every union has a reason, and the unions are the edges of a forest, so
that the path between two terms of a class says why they are equal: nothing is removed from the
forest, so a path stays as it was when the two came together.

Sources: Nelson and Oppen (1980), "Fast decision procedures based on congruence closure";
Nieuwenhuis and Oliveras (2005), "Proof-producing congruence closure"; Willsey et al. (2021), "egg:
fast and extensible equality saturation".
"""

from collections.abc import Mapping
from typing import NamedTuple

from dsl.language.kinds import Kind, lifts
from dsl.language.registry import PRIMITIVES, Law
from dsl.language.signature import SignatureMismatch


class Reason(NamedTuple):
    """The reason of a union: a law, or a word for what is not declared as one."""

    name: str
    law: Law | None = None
    backwards: bool = False
    assumed: frozenset[str] = frozenset()


CONGRUENCE = Reason("equal arguments")

Node = tuple[str, tuple[int, ...]]


class Classes:
    """Terms and their classes, and the reasons of each union.

    **Argument:** `kinds`: those of names.

    A class of whose terms or arguments something is new is `stale` until `rebuild` has looked at
    it again; `changed` are those where laws may find something new.
    """

    def __init__(self, kinds: Mapping[str, Kind]):
        self.kinds = kinds
        self.op: list[str] = []
        self.kids: list[tuple[int, ...]] = []
        self.leaf: list[str | float | None] = []
        self.up: list[int] = []
        self.edge: list[tuple[int, Reason] | None] = []
        self.kind: dict[int, Kind] = {}
        self.by_op: dict[int, dict[str, list[int]]] = {}
        self.users: dict[int, list[int]] = {}
        self.changed: set[int] = set()
        self._terms: dict[tuple[object, ...], int] = {}
        self._nodes: dict[Node, int] = {}
        self._repairs: list[int] = []
        self._stale: dict[int, None] = {}

    def find(self, term: int) -> int:
        """The class of a term, named by its first term."""
        up = self.up
        while up[term] != term:
            up[term] = up[up[term]]
            term = up[term]
        return term

    def same(self, one: int, other: int) -> bool:
        """True if two terms are known to be equal."""
        return self.find(one) == self.find(other)

    def name(self, name: str) -> int:
        """The term of an input, slot or hyperparameter."""
        return self._leaf(("name", name), name, self.kinds[name])

    def num(self, value: float) -> int:
        """The term of a number."""
        return self._leaf(("num", value + 0.0), value + 0.0, Kind.GLOBAL)

    def _leaf(self, key: tuple[object, ...], value: str | float, kind: Kind) -> int:
        if key in self._terms:
            return self._terms[key]
        term = self._new(str(key[0]), (), value)
        self._terms[key] = term
        self._begin(term, kind)
        return term

    def add(self, op: str, kids: tuple[int, ...]) -> int | None:
        """The term of a primitive applied to terms; None if their kinds do not fit."""
        swaps = PRIMITIVES[op].commutative and kids[1] < kids[0]
        key = (op, (kids[1], kids[0], *kids[2:]) if swaps else kids)
        term = self._terms.get(key)
        if term is not None:
            return term
        try:
            kind = PRIMITIVES[op].signature.bind(tuple(self.kind[self.find(k)] for k in kids))[1]
        except SignatureMismatch:
            return None
        term = self._new(op, kids, None)
        self._terms[key] = term
        node = self.node(term)
        first = self._nodes.get(node)
        if first is not None:
            self.up[term] = self.find(first)
            self.edge[term] = (first, CONGRUENCE)
            return term
        self._nodes[node] = term
        self._begin(term, kind)
        for kid in dict.fromkeys(node[1]):
            self.users[kid].append(term)
        return term

    def _new(self, op: str, kids: tuple[int, ...], leaf: str | float | None) -> int:
        term = len(self.op)
        self.op.append(op)
        self.kids.append(kids)
        self.leaf.append(leaf)
        self.up.append(term)
        self.edge.append(None)
        return term

    def _begin(self, term: int, kind: Kind) -> None:
        self.kind[term] = kind
        self.by_op[term] = {self.op[term]: [term]}
        self.users[term] = []
        self.changed.add(term)
        self._stale[term] = None

    def orders(self, term: int) -> list[tuple[int, ...]]:
        """The arguments of a term, then swapped if they may be."""
        kids = self.kids[term]
        if not kids or not PRIMITIVES[self.op[term]].commutative:
            return [kids]
        first, second, *rest = kids
        return [kids, (second, first, *rest)]

    def node(self, term: int) -> Node:
        """A term with its arguments as classes, in order where they may swap."""
        kids = tuple([self.find(kid) for kid in self.kids[term]])
        if len(kids) > 1 and kids[1] < kids[0] and PRIMITIVES[self.op[term]].commutative:
            kids = (kids[1], kids[0], *kids[2:])
        return self.op[term], kids

    def reads_itself(self, term: int, root: int) -> bool:
        """True for a term of a class that has the class as an argument, as `abs(x)` of a magnitude
        `x` does: nothing comes of it that does not come of the argument."""
        up = self.up
        return any(up[kid] == root or self.find(kid) == root for kid in self.kids[term])

    def union(self, one: int, other: int, reason: Reason) -> bool:
        """Make two terms equal; False if they were, or if nothing holds values of both kinds."""
        a, b = self.find(one), self.find(other)
        if a == b:
            return False
        kinds = self.kind[a], self.kind[b]
        if kinds[0] is not kinds[1]:
            low = 0 if lifts(*kinds) else 1 if lifts(kinds[1], kinds[0]) else None
            if low is None:
                return False
            self.kind[a] = self.kind[b] = kinds[low]
        self._link(one, other, reason)
        root, gone = (a, b) if a < b else (b, a)
        self.up[gone] = root
        mine = self.by_op[root]
        for op, terms in self.by_op.pop(gone).items():
            mine.setdefault(op, []).extend(terms)
        self._repairs.extend(self.users[gone])
        self.users[root].extend(self.users.pop(gone))
        self._merge(root, gone)
        self.changed.discard(gone)
        self.changed.add(root)
        self._stale.pop(gone, None)
        self._stale[root] = None
        return True

    def _link(self, one: int, other: int, reason: Reason) -> None:
        """An edge of the forest from `one` to `other`, whose trees it joins."""
        above: tuple[int, Reason] | None = (other, reason)
        at = one
        while True:
            self.edge[at], before = above, self.edge[at]
            if before is None:
                return
            above = (at, _turned(before[1]))
            at = before[0]

    def rebuild(self) -> None:
        """Close the classes under congruence, and look again at those that are stale."""
        while self._repairs or self._stale:
            while self._repairs:
                self._repair()
            stale, self._stale = self._stale, {}
            for root in stale:
                if self.up[root] == root:
                    self._reconsider(root)

    def _repair(self) -> None:
        repairs, self._repairs = self._repairs, []
        for term in dict.fromkeys(repairs):
            node = self.node(term)
            first = self._nodes.setdefault(node, term)
            if first == term:
                root = self.find(term)
                self._stale[root] = None
                self.changed.add(root)
                continue
            self.union(term, first, CONGRUENCE)
            terms = self.by_op[self.find(term)][node[0]]
            if term in terms and first in terms:
                terms.remove(max(term, first))
                self._nodes[node] = min(term, first)
            self._stale[self.find(term)] = None

    def _merge(self, root: int, gone: int) -> None:
        """Join what is known of two classes that became one; of its terms alone, nothing is."""

    def _reconsider(self, root: int) -> None:
        """Work out what is known of a stale class; of its terms alone, nothing is."""


def _turned(reason: Reason) -> Reason:
    return reason if reason.law is None else reason._replace(backwards=not reason.backwards)
