"""Laws met in terms as they stand: what a step of a chain has to be, to be one of its law."""

from collections.abc import Iterator

import numpy as np

from dsl.language.registry import PRIMITIVES, Domain, Law
from dsl.simplifier.graph import Graph
from dsl.simplifier.laws import Free, Number, Shape, laws_by_op, ready
from dsl.simplifier.match import turned_number
from dsl.simplifier.ring import RING

_TRIALS = 3
_ROUNDING = 1e-9

Bound = dict[str, int]


def law_between(graph: Graph, before: int, after: int, domain: Domain) -> Law | None:
    """The first law that makes one term of another."""
    for each in laws_by_op(domain).get(graph.op[before], ()):
        if is_instance(graph, each.law, before, after):
            return each.law
    return None


def is_instance(graph: Graph, law: Law, before: int, after: int) -> bool:
    """True if one term becomes the other by a law, read in either direction."""
    made = ready(law)
    for one, other in ((made.left, made.right), (made.right, made.left)):
        for bound in exactly(graph, one, before, {}):
            if any(True for _ in exactly(graph, other, after, bound)):
                return True
    return False


def exactly(graph: Graph, pattern: Shape, term: int, bound: Bound) -> Iterator[Bound]:
    """The ways in which a term is a pattern as it stands, arguments swapped where they may be."""
    if isinstance(pattern, Free):
        if bound.setdefault(pattern.name, term) == term:
            yield bound
        return
    if isinstance(pattern, Number):
        if graph.leaf[term] == pattern.value:
            yield bound
        return
    if graph.leaf[term] is not None:
        above = turned_number(graph, pattern, term)
        if above is not None:
            yield from exactly(graph, pattern.args[0], above, bound)
        return
    if graph.op[term] != pattern.op:
        return
    for order in graph.orders(term):
        found: list[Bound] = [dict(bound)]
        for part, kid in zip(pattern.args, order, strict=True):
            found = [some for each in found for some in exactly(graph, part, kid, dict(each))]
        yield from found


def folds_to(graph: Graph, one: int, other: int) -> bool:
    """True if one of two terms is the number that the other makes of numbers."""
    return any(
        graph.leaf[number] is not None and graph.folded(term) == graph.leaf[number]
        for term, number in ((one, other), (other, one))
    )


def equal_sums(graph: Graph, one: int, other: int) -> bool:
    """True if two terms are equal by arithmetic alone: whatever stands for what is no sum or
    product in them."""
    rng = np.random.default_rng(5)
    for _ in range(_TRIALS):
        values: dict[int, float] = {}
        x, y = _value(graph, one, values, rng), _value(graph, other, values, rng)
        if not abs(x - y) <= _ROUNDING * (abs(x) + abs(y)):
            return False
    return True


def _value(graph: Graph, term: int, values: dict[int, float], rng: np.random.Generator) -> float:
    if term not in values:
        leaf, op = graph.leaf[term], graph.op[term]
        kids = graph.kids[term]
        powers = op == "power" and not isinstance(graph.leaf[kids[1]], float)
        if isinstance(leaf, float):
            values[term] = leaf
        elif op in RING and kids and not powers:
            args = [np.float64(_value(graph, kid, values, rng)) for kid in kids]
            with np.errstate(all="ignore"):
                values[term] = float(PRIMITIVES[op].meaning(np, *args))
        else:
            values[term] = float(rng.uniform(0.5, 2))
    return values[term]
