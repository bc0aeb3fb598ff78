"""The columns of the table of candidates, each with its type and what is stored in it.

The text of the table, of INSERT and SELECT, the reading of a row and the content hash follow. The
evaluations, most of a ledger's bytes, have a table of their own, so that counts need not read them.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, NamedTuple

from evaluators.evaluation import Evaluation
from search.candidates.verdict import Candidate, DuplicateKey, Keys, ProposedProgram, Verdict
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
    """A column; `value` gives what it holds of a row, `meaning` says it. One that is `in_hash` is
    the same for every run of a campaign, one that is `apart` stands in the table of
    evaluations."""

    name: str
    declaration: str
    meaning: str
    value: Callable[[Row], Any]
    in_hash: bool = True
    apart: bool = False


def _evaluation(row: Row) -> str | None:
    measured = row.verdict.evaluation
    if row.candidate.source is not None or measured is None:
        return None
    return as_json(measured.to_json())


def _steps(part: int) -> Callable[[Row], int]:
    """Training steps before the first checkpoint (0) or after it (1)."""
    return lambda row: row.verdict.evaluation.steps[part] if row.verdict.evaluation else 0


def _early(row: Row) -> float | None:
    """The score at the first checkpoint, the mean over the tasks; None without one."""
    early = row.verdict.evaluation.early() if row.verdict.evaluation else {}
    return fmean(early.values()) if early else None


def _asked(row: Row) -> str | None:
    """The text and the keys of what was proposed, where other numbers were judged."""
    asked = row.candidate.asked
    return None if asked is None else as_json([asked.text, *asked.keys])


COLUMNS = (
    Column(
        "number",
        "INTEGER PRIMARY KEY",
        "the place of the candidate in the search, from 0; the start programs come first",
        lambda row: row.candidate.number,
    ),
    Column(
        "text",
        "TEXT NOT NULL",
        "the program, as `stepsmith show` prints it",
        lambda row: row.candidate.text,
    ),
    Column(
        "digest",
        "TEXT NOT NULL",
        "hash of the program as it is written",
        lambda row: row.candidate.keys.text,
    ),
    Column(
        "canonical",
        "TEXT NOT NULL",
        "hash of its canonical form: the HASH of `RUN:HASH`",
        lambda row: row.candidate.keys.canonical,
    ),
    Column(
        "fingerprint",
        "TEXT NOT NULL",
        "hash of its steps on fixed gradients",
        lambda row: row.candidate.keys.fingerprint,
    ),
    Column(
        "family",
        "TEXT NOT NULL",
        "hash of its skeleton, which programs share that differ in numbers alone",
        lambda row: row.candidate.keys.family,
    ),
    Column(
        "parent",
        "INTEGER",
        "the candidate that it was made from; NULL for a start program",
        lambda row: row.candidate.parent,
    ),
    Column(
        "donor",
        "TEXT",
        "the program that gave it a part: `c` and a number, or a rule of the zoo",
        lambda row: row.candidate.donor,
    ),
    Column(
        "mutation",
        "TEXT NOT NULL",
        "the kind of change that made it; `start`, and `remeasured` for its parent on new seeds",
        lambda row: row.candidate.mutation.kind,
    ),
    Column(
        "detail", "TEXT NOT NULL", "the change in words", lambda row: row.candidate.mutation.detail
    ),
    Column(
        "hit",
        "TEXT",
        "the key by which it repeats an earlier candidate: text, canonical or fingerprint",
        lambda row: row.candidate.hit,
    ),
    Column(
        "source",
        "INTEGER",
        "that candidate, whose verdict is this one's too; NULL for one with a verdict of its own",
        lambda row: row.candidate.source,
    ),
    Column(
        "asked",
        "TEXT",
        "JSON: the text and the four hashes of what was proposed, where other numbers were judged",
        _asked,
    ),
    Column(
        "outcome",
        "TEXT NOT NULL",
        "the way in which the evaluation ended, see below",
        lambda row: row.verdict.outcome,
    ),
    Column(
        "score",
        "REAL",
        "tuned baseline 1, untrained model 0, over all tasks and seeds; NULL without a training",
        lambda row: row.verdict.score,
    ),
    Column(
        "memory",
        "INTEGER NOT NULL",
        "numbers of state per parameter",
        lambda row: row.candidate.demands.memory,
    ),
    Column(
        "cost",
        "REAL NOT NULL",
        "operations per parameter of a step, oracles included",
        lambda row: row.candidate.demands.cost,
    ),
    Column("size", "INTEGER NOT NULL", "live statements", lambda row: row.candidate.demands.size),
    Column("early", "REAL", "the score at the first checkpoint", _early, in_hash=False),
    Column(
        "steps_before",
        "INTEGER NOT NULL",
        "training steps up to the first checkpoint, over all tasks, rates and seeds",
        _steps(0),
        in_hash=False,
    ),
    Column("steps_after", "INTEGER NOT NULL", "training steps after it", _steps(1), in_hash=False),
    Column(
        "evaluation",
        "TEXT NOT NULL",
        "JSON: what was measured, see below; in the table `evaluations`",
        _evaluation,
        apart=True,
    ),
    Column(
        "note",
        "TEXT NOT NULL",
        "why nothing was measured, for people",
        lambda row: row.verdict.note,
        in_hash=False,
    ),
    Column(
        "seconds",
        "REAL NOT NULL",
        "time of the evaluation on its worker",
        lambda row: row.seconds,
        in_hash=False,
    ),
)

_OWN = [column for column in COLUMNS if not column.apart]
DECLARED = ", ".join(f"{column.name} {column.declaration}" for column in _OWN) + ", link BLOB"
SELECT = (
    f"SELECT {', '.join(column.name for column in COLUMNS)} "
    "FROM candidates LEFT JOIN evaluations USING (number)"
)
INSERT = f"INSERT INTO candidates VALUES ({', '.join('?' * (len(_OWN) + 1))})"
INSERT_EVALUATION = "INSERT INTO evaluations VALUES (?, ?)"


def stored(row: Row, before: bytes) -> tuple[tuple[Any, ...], str | None]:
    """The values of a row as `INSERT` takes them, its link last, and its evaluation.

    **Arguments:** `before`: the link of the row before, empty for the first.
    """
    values = {column.name: column.value(row) for column in COLUMNS}
    own = (*(values[column.name] for column in _OWN), link(before, values))
    return own, values["evaluation"]


def link(before: bytes, values: Mapping[str, Any]) -> bytes:
    """The hash of a row, given the values of its columns, and of all rows before it."""
    hashed = as_json([values[column.name] for column in COLUMNS if column.in_hash])
    return hashlib.sha256(before + hashed.encode()).digest()


def values_of(fields: Sequence[Any]) -> dict[str, Any]:
    """The fields of a row that `SELECT` gives, by the name of the column."""
    return {column.name: value for column, value in zip(COLUMNS, fields, strict=True)}


def row_of(fields: Sequence[Any]) -> Row:
    """The row of which `SELECT` gives these fields."""
    held = values_of(fields)
    candidate = Candidate(
        number=held["number"],
        text=held["text"],
        parent=held["parent"],
        mutation=Mutation(held["mutation"], held["detail"]),
        keys=Keys(held["digest"], held["canonical"], held["fingerprint"], held["family"]),
        hit=None if held["hit"] is None else DuplicateKey(held["hit"]),
        source=held["source"],
        donor=held["donor"],
        asked=None if held["asked"] is None else asked_of(held["asked"]),
    )
    verdict = Verdict(
        outcome=held["outcome"],
        score=held["score"],
        evaluation=evaluation_of(held["evaluation"]),
        note=held["note"],
    )
    return Row(candidate, verdict, held["seconds"])


def evaluation_of(text: str | None) -> Evaluation | None:
    """The evaluation in the column of that name; None for a candidate without one of its own."""
    return None if text is None else Evaluation.from_json(json.loads(text))


def asked_of(text: str) -> ProposedProgram:
    """The program and keys in the column `asked`, where there are any."""
    program, *keys = json.loads(text)
    return ProposedProgram(program, Keys(*keys))


def as_json(value: Any) -> str:
    """Plain data as it is stored: keys sorted, no spaces, no NaN."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
