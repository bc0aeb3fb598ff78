"""Knowledge of the classes of an e-graph: the number that one is, or the sum that it comes to.

A primitive of numbers is a number. Sums and products are worked out as polynomials over the classes
that are none (`ring.py`), and two classes of the same polynomial become one: the order and the
brackets of sums need no laws. egg calls such knowledge an analysis of classes: it is made with a
term, joined where classes are, and may join classes itself.
"""

import math
from collections.abc import Iterator, Mapping

import numpy as np

from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES, Scope
from dsl.simplifier.classes import Classes, Reason
from dsl.simplifier.ring import (
    RING,
    Key,
    Poly,
    Product,
    atom,
    constant,
    key_of,
    measure,
    sensible,
    worked_out,
)

RING_STEP = Reason("terms and factors collected")
FOLDED = Reason("numbers combined")

_TURNS = 6
"""Times that the poly of a class is put right before the next round: one that is a part of itself
has no end of them."""


class Graph(Classes):
    """Terms of one program and what is known of them.

    **Arguments:** `kinds`: those of names. `arithmetic`: sums and products are worked out, as in
    real arithmetic. `proofs`: keep what it takes to explain a union of that kind.
    """

    def __init__(self, kinds: Mapping[str, Kind], *, arithmetic: bool, proofs: bool = False):
        super().__init__(kinds)
        self.arithmetic = arithmetic
        self.proofs = proofs
        self.poly: dict[int, Poly] = {}
        self.chosen: dict[int, int | None] = {}
        self.number: dict[int, float] = {}
        self._index: dict[Key, int] = {}
        self._alike: list[tuple[int, int]] = []
        self._turns: dict[int, int] = {}

    def _begin(self, term: int, kind: Kind) -> None:
        super()._begin(term, kind)
        value = self.leaf[term]
        if isinstance(value, float):
            self.number[term] = value

    def _merge(self, root: int, gone: int) -> None:
        if gone in self.number:
            value = self.number.pop(gone)
            if root not in self.number:
                self.number[root] = value
                self._stale |= dict.fromkeys(self.find(user) for user in self.users[root])
        self.poly.pop(gone, None)

    def rebuild(self) -> None:
        """Close the classes under congruence and arithmetic."""
        self._turns.clear()
        super().rebuild()
        while self._alike:
            alike, self._alike = self._alike, []
            for one, other in alike:
                self._join_alike(one, other)
                if self.proofs:  # a term that stands in for one of them is equal only then
                    super().rebuild()
            super().rebuild()

    def _reconsider(self, root: int) -> None:
        """Put right what is known of a class, and tell its users if that changed."""
        if root not in self.number:
            value = self._folded(root)
            if value is not None:
                number = self.num(value)
                self.number[self.find(number)] = value
                term = next(iter(self.by_op[root].values()))[0]
                folded = self._fold_term(root)
                if self.proofs and folded is not None:
                    args = [self.number[self.find(kid)] for kid in self.kids[folded]]
                    folded = self.add(self.op[folded], tuple(map(self.num, args)))
                self.union(term if folded is None else folded, number, FOLDED)
                return
        if not self.arithmetic:
            return
        poly, chosen = self._best_poly(root)
        if self.poly.get(root) == poly and self.chosen.get(root) == chosen:
            return
        changed = self.poly.get(root) != poly
        turns = self._turns[root] = self._turns.get(root, 0) + 1
        if turns > _TURNS:
            return
        self.poly[root], self.chosen[root] = poly, chosen
        if not changed:
            return
        self.changed.add(root)
        for user in self.users[root]:
            self._stale[self.find(user)] = None
        number = constant(poly)
        if number is not None and root not in self.number:
            self._alike.append((root, self.num(number)))
        elif measure(poly) == (1, 1):
            ((((base, power),), value),) = poly.items()
            if value == 1 and power == 1 and base != root:
                self._alike.append((root, base))
        key = key_of(poly)
        first = self.find(self._index.setdefault(key, root))
        if first != root:
            if key_of(self._known(first)) == key:
                self._alike.append((first, root))
            else:
                self._index[key] = root

    def _best_poly(self, root: int) -> tuple[Poly, int | None]:
        """The simplest poly of a class, and the term that it comes from; None for a base."""
        if root in self.number:
            number = self.number[root]
            return ({(): number} if number else {}), None
        best, chosen, least = None, None, (99, 99)
        base = False
        for op, terms in self.by_op[root].items():
            if op not in RING:
                base = True
                continue
            for term in terms:
                poly = self._poly_of(term, root)
                if poly is None:
                    base = True
                    continue
                size = measure(poly)
                if size < least or (size == least and term < (chosen or 0)):
                    best, chosen, least = poly, term, size
        if best is None or (base and least >= (1, 1) and not _is_multiple(best)):
            return atom(root), None
        return best, chosen

    def _poly_of(self, term: int, root: int) -> Poly | None:
        """The poly of a sum or product; None for another term, or where the poly is too large."""
        kids = [self.find(kid) for kid in self.kids[term]]
        if root in kids:
            return None
        polys = [self._known(kid) for kid in kids]
        poly = worked_out(self.op[term], polys, lambda at: self.factor(kids[at]))
        if poly is None or not sensible(poly):
            return None
        return poly

    def _known(self, root: int) -> Poly:
        poly = self.poly.get(root)
        if poly is None:
            poly, self.chosen[root] = self._best_poly(root)
            self.poly[root] = poly
        if any(self.up[base] != base for key in poly for base, _ in key):
            self._stale[root] = None
            made: Poly = {}
            for key, value in poly.items():
                product: Product = ()
                for base, power in key:
                    from_base = ((self.find(base), power),)
                    product = tuple(sorted((*product, *from_base)))
                made[_merged(product)] = made.get(_merged(product), 0.0) + value
            return {key: value for key, value in made.items() if value}
        return poly

    def factor(self, root: int) -> tuple[Product, float]:
        """A class as a product and a number; a sum of several terms is a base, and the multiple of
        one that was there before is a number times that one."""
        poly = self._known(root)
        if len(poly) == 1:
            return next(iter(poly.items()))
        for other, number in self.parts(root):
            if other < root and len(self._known(other)) > 1:
                return ((other, 1),), number
        return ((root, 1),), 1.0

    def parts(self, root: int) -> Iterator[tuple[int, float]]:
        """The classes that a class is known to be a multiple of, each with the number."""
        terms = self.by_op[root]
        for term in terms.get("neg", ()):
            yield self.find(self.kids[term][0]), -1.0
        for term in terms.get("mul", ()):
            one, other = map(self.find, self.kids[term])
            for number, part in ((one, other), (other, one)):
                if self.number.get(number):
                    yield part, self.number[number]

    def opposite(self, root: int) -> int | None:
        """The class of what is the opposite of a class, if that is written in another way too."""
        term = self._nodes.get(("neg", (root,)))
        if term is None:
            return None
        other = self.find(term)
        return other if any(op not in ("neg", "mul") for op in self.by_op[other]) else None

    def _folded(self, root: int) -> float | None:
        term = self._fold_term(root)
        return None if term is None else self.folded(term)

    def _fold_term(self, root: int) -> int | None:
        for terms in self.by_op[root].values():
            for term in terms:
                if self.kids[term] and self.folded(term) is not None:
                    return term
        return None

    def folded(self, term: int) -> float | None:
        """The number that a primitive makes of numbers, if it is finite."""
        values = [self.number.get(self.find(kid)) for kid in self.kids[term]]
        if not values or None in values:
            return None
        primitive = PRIMITIVES[self.op[term]]
        if primitive.scope is Scope.STEP or not (primitive.signature.elementwise or primitive.lazy):
            return None
        with np.errstate(all="ignore"):
            value = float(primitive.meaning(np, *map(np.float64, values))) + 0.0
        return value if math.isfinite(value) else None

    def _join_alike(self, one: int, other: int) -> None:
        """Two classes of one poly become one."""
        a, b = self.find(one), self.find(other)
        if a == b:
            return
        number = self.number.get(b)
        same = key_of(self._known(a)) == key_of(self._known(b))
        if number is not None and not same:
            same = constant(self._known(a)) == number
        if not same and self._known(a) != atom(b):
            return
        self.union(self.stand_in(a), self.stand_in(b), RING_STEP)

    def stand_in(self, root: int) -> int:
        """A term of a class for arithmetic: where unions are to be explained, one that shows the
        sums and products that its poly was worked out from."""
        if not self.proofs:
            return root
        made = self._spelled(root, {})
        return root if made is None or not self.same(made, root) else made

    def shown(self, term: int) -> int:
        """A term whose arguments show what its poly was worked out from, as those of `stand_in`."""
        if not self.proofs:
            return term
        kids = tuple(self._spelled(kid, {}) or self.find(kid) for kid in self.kids[term])
        made = self.add(self.op[term], kids)
        return term if made is None or not self.same(made, term) else made

    def _spelled(self, root: int, made: dict[int, int | None]) -> int | None:
        """A term of a class down to the bases of its poly, each base by its first term."""
        root = self.find(root)
        if root in made:
            return made[root] if made[root] is not None else root
        if root in self.number:
            made[root] = self.num(self.number[root])
            return made[root]
        made[root] = None
        term = self.chosen.get(root)
        if term is None or self.poly.get(root) == atom(root):
            made[root] = root
            return root
        kids = tuple(self._spelled(kid, made) or self.find(kid) for kid in self.kids[term])
        made[root] = self.add(self.op[term], kids)
        return made[root]


def _is_multiple(poly: Poly) -> bool:
    """True for one base times a number, or a number."""
    return measure(poly) <= (1, 1)


def _merged(product: Product) -> Product:
    powers: dict[int, int] = {}
    for base, power in product:
        powers[base] = powers.get(base, 0) + power
    return tuple(sorted(pair for pair in powers.items() if pair[1]))
