"""A program made simpler: laws by saturation, then laws about slots, until neither has any to say.

Every result is tried against the original and refused if it differs.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from dsl.errors import DslError
from dsl.language.registry import Domain
from dsl.program import Program
from dsl.simplifier.check import same_steps
from dsl.simplifier.costs import program_cost
from dsl.simplifier.extract import Extraction
from dsl.simplifier.graph import Graph
from dsl.simplifier.programs import Loaded, load, there, written
from dsl.simplifier.saturate import Saturation
from dsl.simplifier.signs import never_below
from dsl.simplifier.slots import changes, tidied

_PASSES = 24
_SMALL = 1e-9


@dataclass(frozen=True)
class Simplified:
    """A program made simpler. `refused` says why a simpler one was not taken, if there was one."""

    program: Program
    refused: str = ""


def simplified(program: Program, domain: Domain) -> Simplified:
    """The simplest equivalent that the laws of a domain lead to, with the same steps on trial.

    One that fails the trial is refused, for that of `Domain.EXACT`, then for the program as it was.
    """
    made = [program, *_passes(program, domain)][-1]
    if same_steps(program, made, domain):
        return Simplified(made)
    refused = "a simpler program took other steps on trial"
    if domain is Domain.FINITE:
        return Simplified(simplified(program, Domain.EXACT).program, refused)
    return Simplified(program, refused)


def _passes(program: Program, domain: Domain) -> Iterator[Program]:
    for _ in range(_PASSES):
        change = tidied(program)
        made = saturated(program, domain) if change is None else change.program
        if made is None:
            change = changes(program, domain, lambda each: saturated(each, domain))
            if change is None:
                return
            made = change.program
        program = made
        yield program


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


def in_graph(program: Program, domain: Domain, *, proofs: bool = False) -> tuple[Graph, Loaded]:
    """A program in a graph to which laws were applied."""
    graph = Graph(program.name_kinds, arithmetic=domain is Domain.FINITE, proofs=proofs)
    loaded = load(graph, program)
    Saturation(graph, domain, program.hyperparameters, never_below(program)).run()
    return graph, loaded
