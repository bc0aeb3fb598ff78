"""The lineage of a program: its ancestors, from start programs on, with the score at each."""

from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import networkx as nx

from dsl.program import Program
from dsl.rewrite.canonical import canonical_hash
from search.ledger import Ledger, find_rule, reading

_OF_POPULATION = "c"
"""Donors of the population are called by their number after this letter."""


@dataclass(frozen=True)
class LineageStep:
    """One candidate on the way: how it was made, and the score that it got.

    `donor` is the number of the candidate that gave it a part, or the name of a known rule.
    """

    number: int
    parent: int | None
    donor: int | str | None
    mutation: str
    detail: str
    score: float | None
    outcome: str
    program: Program

    def to_json(self) -> dict[str, Any]:
        """Plain data, with the program as text."""
        return {**vars(self), "program": str(self.program)}

    def __str__(self) -> str:
        """The step in a line."""
        score = "no score" if self.score is None else f"{self.score:7.4f}"
        came = f"from c{self.parent}" if self.parent is not None else ""
        worth = score if self.outcome == "ok" else f"{score} ({self.outcome})"
        return f"c{self.number:<7}{worth:>9}  {came:<12}{self.mutation}: {self.detail}"


def lineage(run: Path, hash_prefix: str) -> list[LineageStep]:
    """The ancestors of the first program of a run whose canonical hash begins so, and itself last;
    parents and donors come before what was made of them.

    **Raises:** NoSuchRun unless there is exactly one such program.
    """
    digest = canonical_hash(find_rule(run, hash_prefix))
    with reading(run) as ledger:
        found = ledger.with_hash(digest, 1)
        left = [] if found else _left_with_hash(ledger, digest)
        numbers = [row.candidate.number for row in found] + [each.number for each in left]
        graph = _ancestry(ledger, numbers[0])
    steps = [graph.nodes[number]["step"] for number in nx.lexicographical_topological_sort(graph)]
    return [*steps, *left]


def _left_with_hash(ledger: Ledger, digest: str) -> list[LineageStep]:
    """The first finalist of which a program with such a hash is left, as a step from itself."""
    tasks = len(ledger.tasks)
    found = [
        LineageStep(
            number=each.candidate,
            parent=each.candidate,
            donor=None,
            mutation="reduced",
            detail="; ".join(edit for step in each.steps for edit in step.edits),
            score=fmean(each.final.scores(tasks)),
            outcome="ok",
            program=each.program,
        )
        for each in ledger.reductions
        if each.final and canonical_hash(each.program) == digest
    ]
    return found[:1]


def _ancestry(ledger: Ledger, number: int) -> nx.DiGraph:
    """The graph of a candidate and all that it came from, by their numbers."""
    graph, waiting = nx.DiGraph(), [number]
    while waiting:
        at = waiting.pop()
        if at in graph and "step" in graph.nodes[at]:
            continue
        step = _step(ledger, at)
        graph.add_node(at, step=step)
        for source in (step.parent, step.donor):
            if isinstance(source, int):
                graph.add_edge(source, at)
                waiting.append(source)
    return graph


def _step(ledger: Ledger, number: int) -> LineageStep:
    candidate, verdict, _ = ledger.row(number)
    donor: int | str | None = candidate.donor
    if donor is not None and donor[:1] == _OF_POPULATION and donor[1:].isdigit():
        donor = int(donor[1:])
    return LineageStep(
        number=number,
        parent=candidate.parent,
        donor=donor,
        mutation=candidate.mutation.kind,
        detail=candidate.mutation.detail,
        score=verdict.score,
        outcome=verdict.outcome,
        program=candidate.program,
    )
