"""Counts over a ledger: candidates by verdict, and the work of the processes that ran it."""

from dataclasses import dataclass

from search.candidates.verdict import REMEASURED, DuplicateKey
from search.ledger.results import Scores
from search.ledger.store import Ledger


@dataclass(frozen=True)
class Counts:
    """Candidates so far: those `evaluated`, and by the key that found them those that repeat an
    earlier one (`hits`).

    Of the evaluated: how many by outcome, in how many `families` of one skeleton with other
    numbers, in how many of these one was `trained` to the end, how many were judged with other
    numbers than proposed (`tuned`), and how many are an earlier candidate on new seeds.
    """

    evaluated: int
    hits: dict[DuplicateKey, int]
    outcomes: dict[str, int]
    families: int
    trained: int
    tuned: int
    remeasured: int

    @property
    def repeats(self) -> int:
        """Candidates that repeat an earlier one."""
        return sum(self.hits.values())


@dataclass(frozen=True)
class Work:
    """The work of all processes together, and the number of workers of the last one."""

    candidates: int
    seconds: float
    compilations: int
    retries: int
    workers: int | None


@dataclass(frozen=True)
class OutcomeCount:
    """Candidates with a verdict of their own that ended alike and were `trained`, or were not:
    their number, and their training steps before and after the first checkpoint."""

    outcome: str
    trained: bool
    count: int
    steps_before: int
    steps_after: int


def judged(ledger: Ledger) -> list[OutcomeCount]:
    """The candidates with a verdict of their own by outcome, in the order of outcomes."""
    rows = ledger.db.execute(
        "SELECT outcome, steps_before > 0, count(*), sum(steps_before), sum(steps_after) "
        "FROM candidates WHERE source IS NULL GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return [OutcomeCount(outcome, bool(trained), *rest) for outcome, trained, *rest in rows]


def screened_scores(ledger: Ledger) -> tuple[Scores, Scores]:
    """The scores at the first checkpoint and at the end of the candidates that have both, were
    trained to the end, and have a verdict of their own; by number."""
    rows = ledger.db.execute(
        "SELECT number, early, score FROM candidates "
        "WHERE source IS NULL AND outcome = 'ok' AND early IS NOT NULL"
    ).fetchall()
    return {number: early for number, early, _ in rows}, {number: end for number, _, end in rows}


def counts(ledger: Ledger) -> Counts:
    """The candidates of a ledger, counted."""
    by_hit = dict(ledger.db.execute("SELECT hit, count(*) FROM candidates GROUP BY hit"))
    outcomes = dict(
        ledger.db.execute(
            "SELECT outcome, count(*) FROM candidates WHERE source IS NULL GROUP BY outcome"
        )
    )
    families, trained = ledger.db.execute(
        "SELECT count(DISTINCT family), count(DISTINCT family) FILTER (WHERE outcome = 'ok') "
        "FROM candidates WHERE source IS NULL"
    ).fetchone()
    tuned, remeasured = ledger.db.execute(
        "SELECT count(asked), count(*) FILTER (WHERE mutation = ?) FROM candidates", (REMEASURED,)
    ).fetchone()
    hits = {key: by_hit.get(key.value, 0) for key in DuplicateKey}
    return Counts(by_hit.get(None, 0), hits, outcomes, families, trained, tuned, remeasured)


def work(ledger: Ledger) -> Work:
    """The sessions of a ledger, added up."""
    candidates, seconds, compilations, retries, workers = ledger.db.execute(
        "SELECT total(candidates), total(seconds), total(compilations), total(retries), "
        "(SELECT workers FROM sessions ORDER BY id DESC LIMIT 1) FROM sessions"
    ).fetchone()
    return Work(int(candidates), seconds, int(compilations), int(retries), workers)
