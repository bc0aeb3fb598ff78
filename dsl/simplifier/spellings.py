"""The terms that a class can be written as by its poly: sums, averages, products, squares."""

import math
from collections.abc import Mapping

from dsl.language.kinds import Kind
from dsl.simplifier.graph import Graph
from dsl.simplifier.match import product_term
from dsl.simplifier.ring import Poly, Product, times

_CONTENTS = 4
"""Numbers that are tried before a sum."""
_OF_WEIGHT = 1e-8
"""The part of its smaller weight by which an average may miss the sum that it stands for."""


class Spellings:
    """The ways of writing a class as terms of one graph.

    **Arguments:** `hypers`: hyperparameters with their defaults.
    """

    def __init__(self, graph: Graph, hypers: Mapping[str, float]):
        self.graph = graph
        self._hypers = hypers
        self._first = len(graph.op)
        """The terms before this one are those of the program."""

    def of_poly(self, poly: Poly, turned: Poly | None) -> list[int | None]:
        """Terms that a poly can be written as; `turned`: see `turned`."""
        graph = self.graph
        if len(poly) == 1:
            pairs = [*poly.items(), *([] if turned is None else turned.items())]
            return [product_term(graph, number, product) for product, number in pairs]
        made = [self._sum(poly), self._average(poly)]
        if turned is not None:
            made.append(self._sum(turned))
        common = _common(poly)
        for number in _contents(poly):
            if not common and number == 1:
                continue
            inner = {times(key, common, -1): value / number for key, value in poly.items()}
            outside = product_term(graph, number, common)
            for inside in (self._sum(inner), self._average(inner)):
                if inside is not None and outside is not None:
                    made.append(graph.add("mul", (outside, inside)))
        return made

    def split(self, product: Product, number: float) -> list[int | None]:
        """A product as one of numbers for the model and the rest, and as a square, for laws about
        scales and roots that ask for two factors or for one square."""
        graph = self.graph
        scale = tuple(p for p in product if graph.kind[graph.find(p[0])] is Kind.GLOBAL)
        rest = tuple(p for p in product if p not in scale)
        made: list[int | None] = []
        if rest and (scale or number != 1) and len(product) > 1:
            k, x = product_term(graph, number, scale), product_term(graph, 1.0, rest)
            if k is not None and x is not None:
                made.append(graph.add("mul", (k, x)))
        if len(product) > 1 and all(power % 2 == 0 for _, power in product):
            half = product_term(graph, 1.0, tuple((base, power // 2) for base, power in product))
            whole = None if half is None else graph.add("square", (half,))
            if whole is not None and number != 1:
                whole = graph.add("mul", (graph.num(number), whole))
            made.append(whole)
        return made

    def numbers_outside(self, root: int) -> list[tuple[int, int | None]]:
        """Products of multiples, as the program has them, each with the multiple of a product."""
        graph = self.graph
        made: list[tuple[int, int | None]] = []
        for op in ("mul", "div"):
            for term in tuple(graph.by_op[root].get(op, ())):
                if term >= self._first:
                    continue
                kids = [graph.find(kid) for kid in graph.kids[term]]
                parts = [next(graph.parts(kid), (kid, 1.0)) for kid in kids]
                (one, first), (other, second) = parts
                if [one, other] == kids or one in graph.number or other in graph.number:
                    continue
                number = over(first, 1 if op == "mul" else -1, second)
                inside = graph.add(op, (graph.stand_in(one), graph.stand_in(other)))
                if inside is not None and number != 1:
                    args = (inside,) if number == -1 else (graph.num(number), inside)
                    inside = graph.add("neg" if number == -1 else "mul", args)
                made.append((graph.shown(term), inside))
        return made

    def turned(self, poly: Poly) -> Poly | None:
        """A poly with the opposites of bases that are known by more than that, for the sake of a
        sign; None without any."""
        made: Poly = {}
        for product, number in poly.items():
            if number < 0:
                for base, power in product:
                    other = self.graph.opposite(base) if power % 2 else None
                    if other is not None:
                        rest = tuple(pair for pair in product if pair[0] != base)
                        product, number = (*rest, (other, power)), -number
                        break
            made[product] = number
        return None if made == poly else made

    def _sum(self, poly: Poly) -> int | None:
        """A sum, what is added before what is taken away."""
        graph = self.graph
        parts = sorted(poly.items(), key=lambda pair: (pair[0] == (), pair[1] < 0, pair[0]))
        made: int | None = None
        for product, number in parts:
            below = made is not None and number < 0
            if product:
                term = product_term(graph, -number if below else number, product)
            else:
                term = graph.num(-number if below else number)
            if term is None:
                return None
            made = term if made is None else graph.add("sub" if below else "add", (made, term))
            if made is None:
                return None
        return made

    def _average(self, poly: Poly) -> int | None:
        """`(1 - k) * x + k * y` as an average."""
        graph = self.graph
        if len(poly) != 2 or () in poly:
            return None
        (one, first), (other, second) = poly.items()
        less, more = sorted((first, second), key=abs)
        if abs(1 - more - less) > min(1e-12, _OF_WEIGHT * abs(less)):
            return None
        x, y = product_term(graph, 1.0, one), product_term(graph, 1.0, other)
        if x is None or y is None:
            return None
        # The number written is that of what is kept: a slot, if one of the two is.
        if self._remembers(one) and not self._remembers(other):
            x, y, second = y, x, first
        return graph.add("interp", (x, y, graph.num(second)))

    def _remembers(self, product: Product) -> bool:
        graph = self.graph
        return any(
            graph.leaf[term] not in ("w", "g", "t", "T", "loss")
            and str(graph.leaf[term]) not in self._hypers
            for base, _ in product
            for term in graph.by_op[graph.find(base)].get("name", ())
        )


def over(number: float, power: int, by: float) -> float:
    """A number times another to the power 1 or -1; 1 where it is that but for rounding."""
    made = number * by if power > 0 else number / by
    return math.copysign(1.0, made) if abs(abs(made) - 1) < 1e-14 else made


def _common(poly: Poly) -> Product:
    """The factors that all summands share."""
    keys = list(poly)
    shared = dict(keys[0])
    for key in keys[1:]:
        powers = dict(key)
        for base, power in list(shared.items()):
            other = powers.get(base, 0)
            if other * power <= 0:
                del shared[base]
            else:
                shared[base] = min(power, other, key=abs)
    return tuple(sorted(shared.items()))


def _contents(poly: Poly) -> list[float]:
    """Numbers that may be taken out of a sum: those that leave one summand without a number."""
    found = [1.0, *poly.values()]
    return list(dict.fromkeys(found))[:_CONTENTS]
