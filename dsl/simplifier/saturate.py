"""Equality saturation: laws applied to all that changed, until nothing new comes of it.

A law that is met too often in a round is left out for the next one, then for two, for four, and so
on (the back-off scheduler of egg). Rounds and terms are bounded; no clock decides anything.
"""

from collections.abc import Mapping
from itertools import islice

from dsl.language.kinds import Kind
from dsl.language.registry import Domain
from dsl.simplifier.graph import RING_STEP, Graph
from dsl.simplifier.laws import Ready, product_laws, standing_laws
from dsl.simplifier.match import (
    allowed,
    apply,
    apply_product,
    matches,
    possible,
    product_matches,
    product_term,
)
from dsl.simplifier.ring import RING, Product, constant, times
from dsl.simplifier.signs import Signs
from dsl.simplifier.spellings import Spellings, over

ROUNDS, TERMS, MATCHES, PRODUCTS = 8, 1500, 60, 12
"""The most rounds; terms, beside four for each at the start, after which there are no more; matches
in a round of a law where it stands, and of one among factors."""
_LOOKS = 5
"""Matches that are looked at for each that may be applied, among factors."""
_DEPTH = 2
"""Levels above a change at which it may matter to a pattern."""


class Saturation:
    """The rounds on one graph.

    **Arguments:** `hypers`: hyperparameters with their defaults; `slots`: those that are never
    below 0, with what is assumed for it.
    """

    def __init__(
        self,
        graph: Graph,
        domain: Domain,
        hypers: Mapping[str, float],
        slots: Mapping[str, frozenset[str]],
    ):
        self.graph = graph
        self.domain = domain
        self._hypers = hypers
        self._slots = slots
        self._spellings = Spellings(graph, hypers)
        self._most = TERMS + 4 * len(graph.op)
        self._laws = standing_laws(domain)
        self._products = product_laws(domain)
        self._banned: dict[str, tuple[int, int]] = {}
        self._met: dict[str, int] = {}
        self._written: set[object] = set()
        self._used: set[object] = set()

    def run(self) -> None:
        """Rounds until nothing changes, or there are too many."""
        self.graph.rebuild()
        for number in range(ROUNDS):
            if not self._round(number) or len(self.graph.op) > self._most:
                return

    def signs(self) -> Signs:
        """The signs of values as the graph is now."""
        return Signs(self.graph, self._hypers, self._slots)

    def _round(self, number: int) -> bool:
        """Apply every law once to what changed; False if nothing new came of it."""
        graph = self.graph
        before = len(graph.op)
        roots = self._affected()
        graph.changed.clear()
        signs = self.signs()
        self._met = {}
        united = False
        for root in roots:
            if graph.up[root] != root or root in graph.number:
                continue
            for op, all_terms in tuple(graph.by_op[root].items()):
                laws = self._laws.get(op, ())
                terms = [term for term in all_terms if not graph.reads_itself(term, root)]
                for law in laws if terms else ():
                    if not self._is_banned(law, number):
                        for term in terms:
                            if possible(graph, law.left, term):
                                united |= self._at(law, term, signs)
            if len(graph.op) > self._most:
                break
        graph.rebuild()
        if graph.arithmetic:
            for root in roots:
                if graph.up[root] == root and len(graph.op) <= self._most:
                    united |= self._factored(root, signs, number)
        self._ban(number)
        graph.rebuild()
        return united or len(graph.op) > before

    def _at(self, law: Ready, term: int, signs: Signs) -> bool:
        """Apply a law to a term in all ways in which it is met."""
        graph = self.graph
        united = False
        for bound in matches(graph, law.left, term, {}):
            use = (law.law.text, *map(graph.find, bound.values()))
            if use in self._used:
                continue
            assumed = allowed(graph, law, bound, signs)
            if assumed is not None:
                if self._counted(law, MATCHES):
                    break
                self._used.add(use)
                united |= apply(graph, law, bound, assumed) is not None
        return united

    def _counted(self, law: Ready, most: int) -> bool:
        """Count a match of a law; True if that is one too many."""
        met = self._met[law.law.text] = self._met.get(law.law.text, 0) + 1
        return met > most

    def _is_banned(self, law: Ready, number: int) -> bool:
        return self._banned.get(law.law.text, (0, 0))[0] > number

    def _ban(self, number: int) -> None:
        """Leave laws out that were met too often."""
        products = {law.law.text for law in self._products}
        for text, count in self._met.items():
            if count > (PRODUCTS if text in products else MATCHES):
                _, times_met = self._banned.get(text, (0, 0))
                self._banned[text] = number + 2 + 2**times_met, times_met + 1

    def _affected(self) -> list[int]:
        """The classes that changed and those that read them, in order."""
        graph = self.graph
        found = {graph.find(root): None for root in graph.changed}
        level = list(found)
        for _ in range(_DEPTH):
            level = [graph.find(user) for root in level for user in graph.users[graph.find(root)]]
            level = [root for root in dict.fromkeys(level) if root not in found]
            found.update(dict.fromkeys(level))
        return sorted(found)

    def _factored(self, root: int, signs: Signs, round_number: int) -> bool:
        """Laws of products applied to a class, and the class written from its poly."""
        graph = self.graph
        poly = graph.poly.get(root)
        if poly is None or constant(poly) is not None:
            return False
        if len(poly) == 1 and self._cancelled(root, *next(iter(poly.items()))):
            return True
        turned = self._spellings.turned(poly)
        key = (root, tuple(poly.items()), turned is None)
        if key in self._written:
            return False
        self._written.add(key)
        shown = graph.stand_in(root)  # of this poly: laws of products may give the class another
        united = False
        if len(poly) == 1:
            ((product, number),) = poly.items()
            united |= self._product(root, product, number, signs, round_number)
        root = graph.find(root)
        if not any(op in RING for op in graph.by_op[root]):
            return united
        ways = self._spellings.of_poly(poly, turned)
        if len(poly) == 1 and any(graph.op[user] not in RING for user in graph.users[root]):
            ways += self._spellings.split(*next(iter(poly.items())))
        equal = [(shown, made) for made in ways]
        if len(poly) == 1:
            equal += self._spellings.numbers_outside(root)
        for before, made in equal:
            if made is not None and not graph.same(made, root):
                graph.rebuild()
                united |= graph.union(before, made, RING_STEP)
        return united

    def _product(
        self, root: int, product: Product, number: float, signs: Signs, round_number: int
    ) -> bool:
        """Apply the laws of products to the factors of a class."""
        graph = self.graph
        if len(product) == 1 and abs(product[0][1]) == 1:
            return False
        ops = {op for base, _ in product for op in graph.by_op[graph.find(base)]}
        united = False
        for law in self._products:
            if not _may_hold(law, ops) or self._is_banned(law, round_number):
                continue
            for met in tuple(islice(product_matches(graph, law, product), _LOOKS * PRODUCTS)):
                assumed = allowed(graph, law, met[0], signs)
                if assumed is None:
                    continue
                if self._counted(law, PRODUCTS):
                    break
                if apply_product(graph, law, met, number, assumed):
                    graph.rebuild()
                    united = True
        return united

    def _cancelled(self, root: int, product: Product, number: float) -> bool:
        """Write a factor that is a product as well in that way, where something cancels then."""
        graph = self.graph
        if graph.kind[root] is Kind.GLOBAL:  # that saves no pass, and shares less
            return False
        for base, power in product:
            whole = graph.find(base)
            for term in (*graph.by_op[whole].get("mul", ()), *graph.by_op[whole].get("div", ())):
                kids = [graph.find(kid) for kid in graph.kids[term]]
                if abs(power) > 1 or whole in kids or graph.number.get(kids[1]) == 0:
                    continue
                sign = 1 if graph.op[term] == "mul" else -1
                (one, first), (other, second) = map(graph.factor, kids)
                inside = times(one, other, sign)
                left = over(number, power, first)
                left = over(left, power * sign, second)
                rest = times(product, ((base, power),), -1)
                made = times(rest, inside, power)
                before, after = _size(product, number), _size(made, left)
                if after >= before:
                    continue
                op = "mul" if power > 0 else "div"
                outside = product_term(graph, number, rest)
                short = product_term(graph, left, made)
                if outside is None or short is None or graph.same(short, root):
                    continue
                again = graph.add(op, (outside, whole))
                shown = graph.add(op, (outside, graph.shown(term)))
                if again is None or shown is None:
                    continue
                united = graph.union(graph.stand_in(root), again, RING_STEP)
                graph.rebuild()
                united |= graph.union(shown, short, RING_STEP)
                graph.rebuild()
                return united
        return False


def _may_hold(law: Ready, ops: set[str]) -> bool:
    return all(getattr(part, "op", None) in ops for part, _ in law.factors if hasattr(part, "op"))


def _size(product: Product, number: float) -> tuple[int, bool]:
    return sum(abs(power) for _, power in product), abs(number) != 1
