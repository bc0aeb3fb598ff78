"""One finalist of a campaign, or what is left of one, with its scores on fresh seeds."""

import statistics
from dataclasses import dataclass, replace
from functools import cached_property

from dsl.behaviour.nearest import known_as
from dsl.errors import counted
from dsl.program import Local, Program
from dsl.program.printer import is_fresh
from dsl.rewrite.canonical import canonical_hash
from dsl.rewrite.demands import Demands, demands
from dsl.simplifier import plain
from evaluators.statistics import Evidence
from search.ledger import Ledger
from search.ledger.reduction import Reduction
from search.ledger.results import FinalResult


@dataclass(frozen=True)
class HallEntry:
    """One finalist, or what is left of one: `program` is simplified, `scores` are per fresh
    seed.

    `candidate` and `evidence` are None for the tuned baseline. `pareto`: no other finalist is
    better in one objective of the campaign, or smaller, and as good in the rest. `validated` is the
    score on the suite of other tasks, if there was one and it took part. `reduced_from` is the
    finalist as it was, simplified, and `lost` the evidence that there is a difference.
    """

    candidate: int | None
    hash: str
    program: Program
    scores: tuple[float, ...]
    evidence: Evidence | None = None
    pareto: bool = False
    validated: float | None = None
    reduced_from: Program | None = None
    lost: Evidence | None = None

    @property
    def demands(self) -> Demands:
        """The state, operations and statements that the program asks for."""
        return demands(self.program)

    @property
    def size(self) -> int:
        """Statements of the simplified program."""
        return self.demands.size

    @property
    def reduction(self) -> str | None:
        """The statements and slots that are gone, and the difference in score, in words."""
        if self.reduced_from is None or self.lost is None:
            return None
        low, difference, high = self.lost.difference
        before, after = extent(self.reduced_from), extent(self.program)
        changed = "numbers rounded" if before == after else f"reduced from {before} to {after}"
        return (
            f"{changed} with no harm seen: {difference:+.3f} [{low:+.3f}, {high:+.3f}] "
            f"over {counted(len(self.scores), 'fresh seed')}"
        )

    @property
    def mean(self) -> float:
        """Mean score; tuned baseline 1, untrained 0."""
        return statistics.fmean(self.scores)

    @property
    def sd(self) -> float:
        """Standard deviation over seeds."""
        return statistics.stdev(self.scores) if len(self.scores) > 1 else 0.0

    @cached_property
    def known_as(self) -> str:
        """The program in terms of the zoo: a known rule, one with other constants, or the rule
        nearest in behaviour and its distance. The first of a process takes about a second."""
        return known_as(self.program)


def extent(program: Program) -> str:
    """The size of a program in words."""
    statements = counted(len(program.statements), "statement")
    return f"{statements} and {counted(len(program.slots), 'slot')}"


def measured(ledger: Ledger, final: FinalResult) -> HallEntry:
    """A finalist, or the tuned baseline."""
    if final.candidate is None:
        tuned = ledger.baseline
        assert tuned is not None
        program, digest, evidence = tuned.program, canonical_hash(tuned.program), None
    else:
        candidate = ledger.row(final.candidate).candidate
        program, digest = candidate.program, candidate.keys.canonical
        evidence = ledger.evidence[final.candidate]
    return HallEntry(
        candidate=final.candidate,
        hash=digest,
        program=_simplified(program),
        scores=final.scores(len(ledger.tasks)),
        evidence=evidence,
    )


def left_of(
    ledger: Ledger, finalist: HallEntry, reduction: Reduction, final: FinalResult
) -> HallEntry:
    """The rest of a finalist that was reduced."""
    return HallEntry(
        candidate=finalist.candidate,
        hash=canonical_hash(reduction.program),
        program=_simplified(reduction.program),
        scores=final.scores(len(ledger.tasks)),
        evidence=reduction.evidence,
        reduced_from=finalist.program,
        lost=reduction.difference,
    )


def _simplified(program: Program) -> Program:
    """The program simplified, laid out for reading.

    Names that printing gave to values without one are dropped, and the next value of a slot gets
    the slot's name.
    """
    own = tuple(
        replace(statement, name=None) if is_fresh(statement.name or "") else statement
        for statement in program.statements
    )
    simple = plain(replace(program, statements=own))
    statements = list(simple.statements)
    for slot, update in simple.next_values.items():
        if isinstance(update, Local) and statements[update.index].name not in simple.slots:
            statements[update.index] = replace(statements[update.index], name=slot)
    return replace(simple, statements=tuple(statements))
