"""One program of a run: how it was made, its score by task and seed, what it came from."""

from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from dsl.program import Program
from dsl.rewrite.canonical import canonical_hash
from evaluators.evaluation import Measurement
from search.ledger import Ledger, find_rule, reading
from search.ledger.listing import measured, start_of

SEARCH, FRESH = "search", "fresh seeds"
"""The stages of the seeds that a program was measured on."""


@dataclass(frozen=True)
class SourceProgram:
    """A program that another came from; `number` is that of the candidate."""

    number: int
    program: Program


@dataclass(frozen=True)
class Origin:
    """A program of a run as the search met it first.

    `number` is that of the candidate, or of the finalist of which a program is left that was
    `reduced`. `score` is the mean over the seeds of the search, of a reduced program over the fresh
    ones. `runs` are those on the seeds of the search and on fresh ones, by stage.
    """

    run: Path
    number: int
    program: Program
    outcome: str
    note: str
    score: float | None
    mutation: str
    detail: str
    parent: SourceProgram | None
    start: SourceProgram | None
    runs: dict[str, tuple[Measurement, ...]]

    def to_json(self) -> dict[str, Any]:
        """Plain data, programs as text."""
        return {
            "run": str(self.run),
            "candidate": self.number,
            "outcome": self.outcome,
            "note": self.note,
            "score": self.score,
            "mutation": self.mutation,
            "detail": self.detail,
            "parent": self.parent and _told(self.parent),
            "start": self.start and _told(self.start),
            "runs": {stage: list(map(asdict, runs)) for stage, runs in self.runs.items()},
        }


def _told(source: SourceProgram) -> dict[str, Any]:
    return {"candidate": source.number, "program": str(source.program)}


def origin(run: Path, hash_prefix: str) -> Origin:
    """The first program of a run whose canonical hash begins so, what is left of finalists too.

    **Raises:** NoSuchRun unless there is exactly one such program.
    """
    program = find_rule(run, hash_prefix)
    digest = canonical_hash(program)
    with reading(run) as ledger:
        for row in ledger.with_hash(digest, 1):
            return _of_candidate(run, ledger, row.candidate.number)
        return _of_finalist(run, ledger, program, digest)


def _of_candidate(run: Path, ledger: Ledger, number: int) -> Origin:
    candidate, verdict, _ = ledger.row(number)
    rows = list(measured(ledger, number))
    first = rows[0].candidate.number
    searched = [m for row in rows if (e := row.verdict.evaluation) for m in e.measurements]
    fresh = [
        m
        for final in ledger.finals or ()
        if final.candidate == first
        for e in final.measured
        for m in e.measurements
    ]
    scores = [row.verdict.score for row in rows if row.verdict.score is not None]
    parent, start = candidate.parent, start_of(ledger, number)
    return Origin(
        run=run,
        number=number,
        program=candidate.program,
        outcome=verdict.outcome,
        note=verdict.note,
        score=fmean(scores) if scores else None,
        mutation=candidate.mutation.kind,
        detail=candidate.mutation.detail,
        parent=None if parent is None else _source(ledger, parent),
        start=None if start == number else _source(ledger, start),
        runs={SEARCH: tuple(searched), FRESH: tuple(fresh)},
    )


def _of_finalist(run: Path, ledger: Ledger, program: Program, digest: str) -> Origin:
    """The rest of a finalist, as made from it."""
    (left,) = [each for each in ledger.reductions if canonical_hash(each.program) == digest][:1]
    final, number = left.final, left.candidate
    scores = final.scores(len(ledger.tasks)) if final else ()
    fresh = [m for e in (final.measured if final else ()) for m in e.measurements]
    return Origin(
        run=run,
        number=number,
        program=program,
        outcome="ok" if final else "not kept",
        note="",
        score=fmean(scores) if scores else None,
        mutation="reduced",
        detail="; ".join(edit for step in left.steps for edit in step.edits),
        parent=_source(ledger, number),
        start=_source(ledger, start_of(ledger, number)),
        runs={SEARCH: (), FRESH: tuple(fresh)},
    )


def _source(ledger: Ledger, number: int) -> SourceProgram:
    return SourceProgram(number, ledger.row(number).candidate.program)
