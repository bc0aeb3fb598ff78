"""The columns of the table of candidates, each with its type and what is stored in it.

The text of the table, of INSERT and SELECT, the reading of a row and the content hash follow.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from evaluators.evaluation import Evaluation
from search.candidates.verdict import CacheKey, Candidate, Keys, Verdict
from search.mutation.mutator import Mutation


class Row(NamedTuple):
    """One candidate as it is stored, its verdict, and the seconds that its evaluation took.

    A candidate that repeats an earlier one has no evaluation; its source has.
    """

    candidate: Candidate
    verdict: Verdict
    seconds: float

    @property
    def rates(self) -> dict[str, float]:
        """The rate that served the candidate best on each task."""
        return self.verdict.evaluation.rates() if self.verdict.evaluation else {}


@dataclass(frozen=True)
class Column:
    """A column; `value` gives what it holds of a row. One that is `in_hash` is the same for every
    run of a campaign."""

    name: str
    declaration: str
    value: Callable[[Row], Any]
    in_hash: bool = True


def _evaluation(row: Row) -> str | None:
    measured = row.verdict.evaluation
    if row.candidate.source is not None or measured is None:
        return None
    return as_json(measured.to_json())


COLUMNS = (
    Column("number", "INTEGER PRIMARY KEY", lambda row: row.candidate.number),
    Column("text", "TEXT NOT NULL", lambda row: row.candidate.text),
    Column("digest", "TEXT NOT NULL", lambda row: row.candidate.keys.text),
    Column("canonical", "TEXT NOT NULL", lambda row: row.candidate.keys.canonical),
    Column("fingerprint", "TEXT NOT NULL", lambda row: row.candidate.keys.fingerprint),
    Column("family", "TEXT NOT NULL", lambda row: row.candidate.keys.family),
    Column("parent", "INTEGER", lambda row: row.candidate.parent),
    Column("donor", "TEXT", lambda row: row.candidate.donor),
    Column("mutation", "TEXT NOT NULL", lambda row: row.candidate.mutation.kind),
    Column("detail", "TEXT NOT NULL", lambda row: row.candidate.mutation.detail),
    Column("hit", "TEXT", lambda row: row.candidate.hit),
    Column("source", "INTEGER", lambda row: row.candidate.source),
    Column("outcome", "TEXT NOT NULL", lambda row: row.verdict.outcome),
    Column("score", "REAL", lambda row: row.verdict.score),
    Column("evaluation", "TEXT", _evaluation),
    Column("memory", "INTEGER NOT NULL", lambda row: row.candidate.demands.memory),
    Column("cost", "REAL NOT NULL", lambda row: row.candidate.demands.cost),
    Column("size", "INTEGER NOT NULL", lambda row: row.candidate.demands.size),
    Column("note", "TEXT NOT NULL", lambda row: row.verdict.note, in_hash=False),
    Column("seconds", "REAL NOT NULL", lambda row: row.seconds, in_hash=False),
)

DECLARED = ", ".join(f"{column.name} {column.declaration}" for column in COLUMNS)
NAMES = ", ".join(column.name for column in COLUMNS)
HASHED = ", ".join(column.name for column in COLUMNS if column.in_hash)
INSERT = f"INSERT INTO candidates ({NAMES}) VALUES ({', '.join('?' * len(COLUMNS))})"


def stored(row: Row) -> tuple[Any, ...]:
    """The values of a row by column, as `INSERT` takes them."""
    return tuple(column.value(row) for column in COLUMNS)


def row_of(values: Sequence[Any]) -> Row:
    """The row whose columns `NAMES` hold these values."""
    held = {column.name: value for column, value in zip(COLUMNS, values, strict=True)}
    candidate = Candidate(
        number=held["number"],
        text=held["text"],
        parent=held["parent"],
        mutation=Mutation(held["mutation"], held["detail"]),
        keys=Keys(held["digest"], held["canonical"], held["fingerprint"], held["family"]),
        hit=None if held["hit"] is None else CacheKey(held["hit"]),
        source=held["source"],
        donor=held["donor"],
    )
    evaluation = held["evaluation"]
    verdict = Verdict(
        outcome=held["outcome"],
        score=held["score"],
        evaluation=None if evaluation is None else Evaluation.from_json(json.loads(evaluation)),
        note=held["note"],
    )
    return Row(candidate, verdict, held["seconds"])


def as_json(value: Any) -> str:
    """Plain data as it is stored: keys sorted, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
