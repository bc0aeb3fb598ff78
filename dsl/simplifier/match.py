"""Laws met in a graph, and applied there.

A pattern is matched against classes: a free name stands for a class, a call for any term of one.
"""

from collections.abc import Iterator

from dsl.language.kinds import Kind
from dsl.language.registry import PRIMITIVES
from dsl.simplifier.classes import Reason
from dsl.simplifier.graph import Graph
from dsl.simplifier.laws import CallPattern, Free, Number, Ready, Shape
from dsl.simplifier.ring import Product, constant, times
from dsl.simplifier.signs import Signs

Bound = dict[str, int]
"""The terms that free names stand for."""


def matches(graph: Graph, pattern: CallPattern, term: int, bound: Bound) -> Iterator[Bound]:
    """The ways in which a term, applied to what is equal to its arguments, is the pattern."""
    kids = graph.kids[term]
    yield from _all(graph, pattern.args, kids, bound)
    if PRIMITIVES[pattern.op].commutative and pattern.args[0] != pattern.args[1]:
        yield from _all(graph, pattern.args, (kids[1], kids[0], *kids[2:]), bound)


def _all(
    graph: Graph, patterns: tuple[Shape, ...], kids: tuple[int, ...], bound: Bound
) -> Iterator[Bound]:
    for at, (pattern, kid) in enumerate(zip(patterns, kids, strict=True)):
        if isinstance(pattern, Free):  # what binds at most one term needs no generator of its own
            have = bound.get(pattern.name)
            if have is None:
                bound = {**bound, pattern.name: kid}
            elif graph.find(have) != graph.find(kid):
                return
        elif isinstance(pattern, Number):
            if graph.number.get(graph.find(kid)) != pattern.value:
                return
        else:
            for some in within(graph, pattern, kid, bound):
                yield from _all(graph, patterns[at + 1 :], kids[at + 1 :], some)
            return
    yield bound


def within(graph: Graph, pattern: CallPattern, term: int, bound: Bound) -> Iterator[Bound]:
    """The ways in which some term of a term's class is the pattern."""
    root = graph.find(term)
    for each in tuple(graph.by_op[root].get(pattern.op, ())):
        if not graph.reads_itself(each, root):
            yield from matches(graph, pattern, each, bound)
    above = turned_number(graph, pattern, term)
    if above is not None:
        yield from _all(graph, pattern.args, (above,), bound)


def turned_number(graph: Graph, pattern: CallPattern, term: int) -> int | None:
    """The number above 0 that `k` of a pattern `-k` stands for where a term is a number below 0."""
    value = graph.number.get(graph.find(term), 0.0)
    if value >= 0 or pattern.op != "neg" or not isinstance(pattern.args[0], Free):
        return None
    return graph.num(-value)


def possible(graph: Graph, pattern: CallPattern, term: int) -> bool:
    """False if a term cannot be the pattern, by a look at its arguments."""
    kids = graph.kids[term]
    swaps = PRIMITIVES[pattern.op].commutative
    for at, part in enumerate(pattern.args):
        if isinstance(part, CallPattern):
            if part.op in graph.by_op[graph.find(kids[at])]:
                continue
            if swaps and at < 2 and part.op in graph.by_op[graph.find(kids[1 - at])]:
                continue
            if part.op == "neg" and _has_number(graph, kids):
                continue
            return False
        if isinstance(part, Number):
            if graph.find(kids[at]) in graph.number:
                continue
            if swaps and at < 2 and graph.find(kids[1 - at]) in graph.number:
                continue
            return False
    return True


def _has_number(graph: Graph, kids: tuple[int, ...]) -> bool:
    return any(graph.number.get(graph.find(kid), 0.0) < 0 for kid in kids)


def allowed(graph: Graph, law: Ready, bound: Bound, signs: Signs) -> frozenset[str] | None:
    """The assumptions under which a law holds, in words; None if its conditions are not met."""
    for name in law.numbers:
        if graph.kind[graph.find(bound[name])] is not Kind.GLOBAL:
            return None
    assumed: frozenset[str] = frozenset()
    for name, relation in law.signs:
        sign = signs.of(bound[name])
        if sign.level < (2 if relation == ">" else 1):
            return None
        assumed |= sign.assumed
    return assumed


def built(graph: Graph, pattern: Shape, bound: Bound) -> int | None:
    """The term that a pattern stands for; None if its kinds do not fit."""
    if isinstance(pattern, Free):
        return bound[pattern.name]
    if isinstance(pattern, Number):
        return graph.num(pattern.value)
    kids = [built(graph, each, bound) for each in pattern.args]
    if None in kids:
        return None
    if (
        pattern.op == "neg"
        and kids[0] is not None
        and isinstance(value := graph.leaf[kids[0]], float)
    ):
        return graph.num(-value)
    return graph.add(pattern.op, tuple(kid for kid in kids if kid is not None))


def apply(graph: Graph, law: Ready, bound: Bound, assumed: frozenset[str]) -> int | None:
    """Make both sides of a law equal, and return its left side; None if nothing is new."""
    right = built(graph, law.right, bound)
    if right is None:
        return None
    left = built(graph, law.left, bound)
    if left is None or not graph.union(left, right, Reason(law.name, law.law, False, assumed)):
        return None
    return left


def product_matches(
    graph: Graph, law: Ready, product: Product
) -> Iterator[tuple[Bound, Product, int]]:
    """The ways in which the factors of a law are among those of a product, the rest of these, and
    1, or -1 where they are met below the line."""
    signs = (1, -1) if all(power > 0 for _, power in law.factors) else (1,)
    for sign in signs:
        factors = tuple((part, sign * power) for part, power in law.factors)
        for bound, rest in _factors(graph, factors, product, {}):
            yield bound, rest, sign


def _factors(
    graph: Graph, factors: tuple[tuple[Shape, int], ...], product: Product, bound: Bound
) -> Iterator[tuple[Bound, Product]]:
    if not factors:
        yield bound, product
        return
    (part, power), *others = factors
    rest = tuple(others)
    if isinstance(part, Free):
        if part.name not in bound:
            if len(factors) == 1 and power == 1 and len(product) == 1 and product[0][1] == 1:
                yield {**bound, part.name: product[0][0]}, ()
            return
        taken = _taken(graph, product, bound[part.name], power)
        if taken is not None:
            yield from _factors(graph, rest, taken, bound)
        return
    if not isinstance(part, CallPattern):
        return
    for base, have in product:
        if abs(have) < abs(power) or (have > 0) is not (power > 0):
            continue
        root = graph.find(base)
        for each in tuple(graph.by_op[root].get(part.op, ())):
            if graph.reads_itself(each, root):
                continue
            left = times(product, ((base, power),), -1)
            for some in matches(graph, part, each, bound):
                yield from _factors(graph, rest, left, some)


def _taken(graph: Graph, product: Product, term: int, power: int) -> Product | None:
    """A product without another to a power; None if that is not in it."""
    poly = graph.poly.get(graph.find(term))
    if poly is None or constant(poly) is not None:
        return None
    own = next(iter(poly)) if len(poly) == 1 else ((graph.find(term), 1),)
    have = dict(product)
    for base, each in own:
        wanted = each * power
        met = have.get(base, 0)
        if abs(met) < abs(wanted) or (met > 0) is not (wanted > 0):
            return None
    return times(product, tuple((base, each * power) for base, each in own), -1)


def product_term(graph: Graph, number: float, product: Product) -> int | None:
    """The term of a product: numbers for the model first, quotients last."""

    def order(pair: tuple[int, int]) -> tuple[bool, int]:
        return graph.kind[graph.find(pair[0])] is not Kind.GLOBAL, pair[0]

    above = [pair for pair in sorted(product, key=order) if pair[1] > 0]
    below = [(base, -power) for base, power in sorted(product, key=order) if power < 0]
    top: int | None = None if number == 1 and above else graph.num(abs(number))
    if number == -1 and above:
        top = None
    top = _multiplied(graph, top, above)
    if below and top is not None:
        bottom = _multiplied(graph, None, below)
        top = None if bottom is None else graph.add("div", (top, bottom))
    if top is not None and number < 0:
        return graph.add("neg", (top,))
    return top


def _multiplied(graph: Graph, made: int | None, pairs: list[tuple[int, int]]) -> int | None:
    for base, power in pairs:
        term: int | None = graph.stand_in(base)
        if power in (2, 3):
            term = graph.add("square" if power == 2 else "cube", (term,))
        elif power != 1:
            term = graph.add("power", (term, graph.num(float(power))))
        if term is None:
            return None
        made = term if made is None else graph.add("mul", (made, term))
        if made is None:
            return None
    return made


def apply_product(
    graph: Graph,
    law: Ready,
    met: tuple[Bound, Product, int],
    number: float,
    assumed: frozenset[str],
) -> bool:
    """Make both sides of a law equal among the factors of a product; False if they were."""
    bound, rest, sign = met
    left = built(graph, law.left, bound)
    if left is None or _whole(graph, left, sign, rest, number) is None:
        return False
    right = built(graph, law.right, bound)
    if right is None or _whole(graph, right, sign, rest, number) is None:
        return False
    if graph.same(left, right):
        return False
    graph.rebuild()
    return graph.union(left, right, Reason(law.name, law.law, False, assumed))


def _whole(graph: Graph, side: int, sign: int, rest: Product, number: float) -> int | None:
    """A side of a law, above the line or below it, times the rest of a product."""
    others = product_term(graph, number, rest) if rest or number != 1 else None
    if sign < 0:
        return graph.add("div", (graph.num(1.0) if others is None else others, side))
    return side if others is None else graph.add("mul", (others, side))
