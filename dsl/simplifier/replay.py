"""A chain of laws gone through again: every step is its law, and nothing else changes."""

from collections.abc import Sequence

from dsl.language.registry import Domain, Law
from dsl.program import Program
from dsl.rewrite.canonical import canonical
from dsl.rewrite.prune import prune
from dsl.simplifier.explain import ExplainedStep
from dsl.simplifier.graph import FOLDED, RING_STEP, Graph
from dsl.simplifier.instance import equal_sums, folds_to, is_instance
from dsl.simplifier.laws import all_laws
from dsl.simplifier.programs import load
from dsl.simplifier.simplify import twice
from dsl.simplifier.slots import changes, tidied


def first_gap(program: Program, steps: Sequence[ExplainedStep], domain: Domain) -> int | None:
    """The number of the first step that its law does not explain, from 0; None if all are."""
    for at, step in enumerate(steps):
        if not replays(program, step, domain):
            return at
        program = step.program
    return None


def replays(program: Program, step: ExplainedStep, domain: Domain) -> bool:
    """True if a step leads from a program to its own by one use of its law, in one place or in
    several alike."""
    if step.equation:
        laws = [law for law in all_laws(domain) if law.text == step.equation]
        return bool(laws) and _differ_by(program, step.program, laws[0], step.law)
    if step.law in (RING_STEP.name, FOLDED.name):
        return _differ_by(program, step.program, None, step.law)
    change = tidied(program) or changes(program, domain, lambda each: twice(each, domain))
    return (
        change is not None
        and change.name == step.law
        and canonical(change.program) == canonical(step.program)
    )


def _differ_by(before: Program, after: Program, law: Law | None, name: str) -> bool:
    """True if two programs differ only where a law makes one of the other."""
    before, after = prune(before), prune(after)
    kinds = {**before.name_kinds, **after.name_kinds}
    graph = Graph(kinds, arithmetic=False)
    one, other = load(graph, before), load(graph, after)
    found: dict[tuple[int, int], bool] = {}

    def explained(a: int, b: int) -> bool:
        if law is not None:
            return is_instance(graph, law, a, b)
        return folds_to(graph, a, b) if name == FOLDED.name else equal_sums(graph, a, b)

    def alike(a: int, b: int) -> bool:
        if a == b:
            return True
        key = a, b
        if key not in found:
            kids = graph.kids[a], graph.kids[b]
            found[key] = explained(a, b) or (
                graph.op[a] == graph.op[b]
                and len(kids[0]) == len(kids[1]) > 0
                and any(
                    all(alike(x, y) for x, y in zip(kids[0], order, strict=True))
                    for order in graph.orders(b)
                )
            )
        return found[key]

    nexts = [(one.nexts[slot], other.nexts[slot]) for slot in other.nexts if slot in one.nexts]
    if one.point is not None and other.point is not None:
        nexts.append((one.point, other.point))
    return all(alike(a, b) for a, b in [*nexts, (one.result, other.result)])
