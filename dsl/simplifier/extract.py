"""The cheapest program that a graph holds.

What is read twice is computed once, so the cost of a class is that of all that it needs, each part
counted once. A first choice for every class, from the leaves up, is then bettered: one class after
the other takes another of its terms where the whole gets cheaper. Of equal cost the term that was
there first wins, so what need not change does not.
"""

from collections.abc import Collection, Sequence

from dsl.simplifier.costs import LOOK_UP, NEW, ONE, leaf_cost, statement_cost
from dsl.simplifier.graph import Graph

_SMALL = 1e-9
_SWEEPS = 3


class Extraction:
    """The chosen term of every class that `roots` need; `choice` has them by class.

    `there` are the terms that the program has, which cost less than others of their kind.
    """

    def __init__(self, graph: Graph, roots: Sequence[int], there: Collection[int]):
        self.graph = graph
        self._there = there
        self.roots = [graph.find(root) for root in roots]
        self._own: dict[int, float] = {}
        self.choice: dict[int, int] = {}
        self._first()
        self._better()

    def cost(self) -> float:
        """The cost of all that the roots need."""
        return self._total(self.choice)

    def _cost_of(self, term: int) -> float:
        cost = self._own.get(term)
        if cost is None:
            graph = self.graph
            if graph.kids[term]:
                kinds = [graph.kind[graph.find(kid)] for kid in graph.kids[term]]
                kinds.append(graph.kind[graph.find(term)])
                made_by = [self._made_by(kid) for kid in graph.kids[term]]
                cost = statement_cost(graph.op[term], kinds, made_by)
                cost += 0.0 if term in self._there else NEW
                cost += LOOK_UP * sum(not self._is_leaf(kid) for kid in graph.kids[term])
            else:
                cost = leaf_cost(graph.leaf[term])
            self._own[term] = cost
        return cost

    def _made_by(self, term: int) -> Collection[str]:
        graph, root = self.graph, self.graph.find(term)
        if graph.number.get(root) == 1:
            return (ONE,)
        multiple = any(True for _ in graph.parts(root))
        return [op for op in graph.by_op[root] if op != "mul" or not multiple]

    def _is_leaf(self, term: int) -> bool:
        ops = self.graph.by_op[self.graph.find(term)]
        return "name" in ops or "num" in ops

    def _terms(self, root: int) -> list[int]:
        return sorted(term for terms in self.graph.by_op[root].values() for term in terms)

    def _first(self) -> None:
        """For every class the term whose needs cost least, each part counted once."""
        graph = self.graph
        needs: dict[int, dict[int, float]] = {}
        totals: dict[int, float] = {}
        terms = [
            (root, term, tuple(dict.fromkeys(graph.find(kid) for kid in graph.kids[term])))
            for root in sorted(graph.by_op)
            for term in self._terms(root)
        ]
        terms.sort(key=lambda each: each[1])
        changes = True
        while changes:
            changes = False
            for root, term, kids in terms:
                if any(kid not in needs for kid in kids):
                    continue
                if any(root in needs[kid] for kid in kids):
                    continue
                needed: dict[int, float] = {root: self._cost_of(term)}
                for kid in kids:
                    needed.update(needs[kid])
                total = sum(needed.values())
                if root not in totals or total < totals[root] - _SMALL:
                    needs[root], totals[root], self.choice[root] = needed, total, term
                    changes = True

    def _better(self) -> None:
        """Change one choice after the other for the good of the whole."""
        least = self._total(self.choice)
        for _ in range(_SWEEPS):
            before = least
            for root in sorted(self._used(self.choice) or ()):
                for term in self._terms(root):
                    held = self.choice[root]
                    if term == held or any(
                        self.graph.find(kid) not in self.choice for kid in self.graph.kids[term]
                    ):
                        continue
                    self.choice[root] = term
                    total = self._total(self.choice)
                    if total < least - _SMALL:
                        least = total
                    else:
                        self.choice[root] = held
            if least >= before - _SMALL:
                return

    def _total(self, choice: dict[int, int]) -> float:
        used = self._used(choice)
        if used is None:
            return float("inf")
        return sum(self._cost_of(choice[root]) for root in used)

    def _used(self, choice: dict[int, int]) -> list[int] | None:
        """The classes that the roots need, each after what it needs; None if one needs itself."""
        graph = self.graph
        done: dict[int, bool] = {}
        order: list[int] = []
        for start in self.roots:
            stack = [(start, False)]
            while stack:
                root, leave = stack.pop()
                if leave:
                    done[root] = True
                    order.append(root)
                    continue
                if root in done:
                    if not done[root]:
                        return None
                    continue
                done[root] = False
                stack.append((root, True))
                for kid in graph.kids[choice[root]]:
                    kid = graph.find(kid)
                    if not done.get(kid, False):
                        if kid in done:
                            return None
                        stack.append((kid, False))
        return order
