"""A program made simpler: laws by saturation, then laws about slots, until neither has any to say.

Every result is tried against the original and refused if it differs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from dsl.errors import DslError
from dsl.language.registry import Domain
from dsl.program import Program
from dsl.rewrite.canonical import canonical
from dsl.rewrite.prune import prune
from dsl.run.fingerprint import fingerprint
from dsl.simplifier.check import same_steps
from dsl.simplifier.costs import program_cost
from dsl.simplifier.explain import ExplainedStep, Explanation
from dsl.simplifier.extract import Extraction
from dsl.simplifier.graph import Graph
from dsl.simplifier.programs import Loaded, load, there, written
from dsl.simplifier.saturate import Saturation
from dsl.simplifier.signs import never_below
from dsl.simplifier.slots import changes, tidied
from dsl.simplifier.whole import RewrittenProgram

_PASSES = 24
_SMALL = 1e-9


@dataclass(frozen=True)
class Simplified:
    """A program made simpler. `refused` says why a simpler one was not taken, if there was one;
    `chain` has the steps that lead to it, where they were asked for."""

    program: Program
    refused: str = ""
    chain: tuple[ExplainedStep, ...] = ()


def simplified(program: Program, domain: Domain, *, explain: bool = False) -> Simplified:
    """The simplest equivalent that the laws of a domain lead to, with the same steps on trial.

    One that fails the trial is refused, for that of `Domain.EXACT`, then for the program as it was.
    **Arguments:** `explain`: give the chain of laws too, which takes several times as long.
    """
    passes = _passes(program, domain)
    made = [program, *(each for each, _ in passes)][-1]
    if not same_steps(program, made, domain):
        refused = "a simpler program took other steps on trial"
        if domain is Domain.EXACT:
            return Simplified(program, refused)
        found = simplified(program, Domain.EXACT, explain=explain)
        return Simplified(found.program, refused, found.chain)
    chain: list[ExplainedStep] = []
    if explain:
        for before, (after, change) in zip(
            [program, *(p for p, _ in passes)], passes, strict=False
        ):
            if change is None:
                chain += _explained(before, after, domain)
            else:
                chain.append(ExplainedStep(change.name, "", change.before, change.after, (), after))
    return Simplified(made, "", tuple(chain))


def plain(program: Program) -> Program:
    """The program simplified as in real arithmetic where it still behaves the same, by its
    fingerprint; exactly where it does not."""
    made = simplified(program, Domain.FINITE).program
    if fingerprint(made) == fingerprint(program):
        return made
    return simplified(program, Domain.EXACT).program


def _passes(program: Program, domain: Domain) -> list[tuple[Program, RewrittenProgram | None]]:
    """The programs on the way, each with the law about slots that led to it, up to the cheapest."""
    found = list(_all_passes(program, domain))
    fewest = len(prune(program).statements)
    costs = [program_cost(each) for each, _ in found]
    able = [at for at, (each, _) in enumerate(found) if len(each.statements) <= fewest]
    best = min(able, key=lambda at: (costs[at], -at), default=-1)
    return found[: best + 1]


def _all_passes(
    program: Program, domain: Domain
) -> Iterator[tuple[Program, RewrittenProgram | None]]:
    for _ in range(_PASSES):
        change = tidied(program)
        made = saturated(program, domain) if change is None else change.program
        if made is None:
            change = changes(program, domain, lambda each: twice(each, domain))
            if change is None:
                return
            made = change.program
        program = made
        yield program, change


def twice(program: Program, domain: Domain) -> Program | None:
    """The program after two passes: what a law about slots leaves may be as dear as before until
    the signs that came in by it are gone."""
    made = saturated(program, domain)
    return (made and saturated(made, domain)) or made


def saturated(program: Program, domain: Domain) -> Program | None:
    """The cheapest equivalent that the laws of a domain lead to; None if that is the program."""
    graph, loaded = in_graph(program, domain)
    extraction = Extraction(graph, loaded.roots, there(graph, loaded))
    try:
        made = written(graph, extraction.choice, program, loaded)
    except DslError:
        return None
    shorter = len(made.statements) <= len(program.statements)
    return made if shorter and program_cost(made) < program_cost(program) - _SMALL else None


def _explained(before: Program, after: Program, domain: Domain) -> list[ExplainedStep]:
    """The steps that `saturated` made.

    A graph with proofs has more terms, and what is taken out of it may be on the way to `after`.
    """
    graph, loaded = in_graph(before, domain, proofs=True)
    extraction = Extraction(graph, loaded.roots, there(graph, loaded))
    steps = Explanation(graph, loaded, before, domain).steps(extraction.choice)
    reached = steps[-1].program if steps else before
    if steps and canonical(reached) == canonical(after):
        return [*steps[:-1], steps[-1]._replace(program=after)]
    if program_cost(reached) < program_cost(before) - _SMALL:
        return steps + _explained(reached, after, domain)
    return [ExplainedStep("laws in many places", "", "the program", "a shorter one", (), after)]


def in_graph(program: Program, domain: Domain, *, proofs: bool = False) -> tuple[Graph, Loaded]:
    """A program in a graph to which laws were applied."""
    graph = Graph(program.name_kinds, arithmetic=domain is Domain.FINITE, proofs=proofs)
    loaded = load(graph, program)
    Saturation(graph, domain, program.hyperparameters, never_below(program)).run()
    return graph, loaded
