"""Candidates of a ledger as lists: in order, or ranked with one row for each program or family."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from search.candidates.verdict import REMEASURED
from search.ledger.columns import SELECT, Row, evaluation_of, values_of
from search.ledger.store import Ledger

ORDERS = {
    "score": "score DESC, number",
    "size": "size, score DESC, number",
    "memory": "memory, score DESC, number",
    "cost": "cost, score DESC, number",
    "age": "number",
}
"""The orders of a ranking in SQL, by name; the first where none is asked for."""

_ON_TASK = """(
  SELECT avg(json_extract(value, '$[4]'))
  FROM json_each((SELECT evaluation FROM evaluations e WHERE e.number = c.number), '$.rows')
  WHERE json_extract(value, '$[0]') = :task
)"""
"""The score of a candidate on a task, the mean over its seeds; NULL where it was not run."""

_RANKED = """
WITH measured AS (
  SELECT min(number) AS number, avg({score}) AS score, count(*) AS times, min(family) AS family,
    memory, cost, size
  FROM candidates c WHERE source IS NULL
  GROUP BY fingerprint HAVING min(outcome = 'ok') AND avg({score}) IS NOT NULL
), placed AS (
  SELECT *, row_number() OVER (PARTITION BY {group} ORDER BY score DESC, number) AS place
  FROM measured {family}
)
SELECT number, score, times FROM placed WHERE place = 1 ORDER BY {order} LIMIT :limit
"""


class Ranked(NamedTuple):
    """The columns of the candidate that a program was first, its evaluation as a value, and its
    mean score over all `times` that it was measured."""

    values: Mapping[str, Any]
    score: float
    times: int


def in_order(ledger: Ledger) -> Iterator[Mapping[str, Any]]:
    """The columns of every candidate by name, the evaluation as a value, in the order of the
    search."""
    return map(_read, ledger.db.execute(f"{SELECT} ORDER BY number"))


def ranked(
    ledger: Ledger,
    *,
    by: str = "score",
    task: str | None = None,
    family: str | None = None,
    every: bool = False,
    limit: int | None = None,
) -> list[Ranked]:
    """The programs that were trained to the end: the best of each family, or all of them.

    **Arguments:** `by`: one of `ORDERS`. `task`: the score is that on this task alone. `family`:
    the first digits of one, all programs of which are listed. `every`: all programs of every
    family.
    """
    text = _RANKED.format(
        score="score" if task is None else _ON_TASK,
        family="" if family is None else "WHERE substr(family, 1, length(:family)) = :family",
        group="number" if every or family is not None else "family",
        order=ORDERS[by],
    )
    given = {"task": task, "family": family, "limit": -1 if limit is None else limit}
    found = ledger.db.execute(text, given).fetchall()
    return [Ranked(_values(ledger, number), score, times) for number, score, times in found]


def _values(ledger: Ledger, number: int) -> Mapping[str, Any]:
    return _read(ledger.db.execute(f"{SELECT} WHERE number = ?", (number,)).fetchone())


def _read(fields: Sequence[Any]) -> Mapping[str, Any]:
    values = values_of(fields)
    return values | {"evaluation": evaluation_of(values["evaluation"])}


def measured(ledger: Ledger, number: int) -> Iterator[Row]:
    """The rows in which candidate `number` was measured: its own or that of the one it repeats, and
    those of the same program on new seeds."""
    row = ledger.row(number)
    own = row if row.candidate.source is None else ledger.row(row.candidate.source)
    if own.candidate.mutation.kind == REMEASURED and own.candidate.parent is not None:
        own = ledger.row(own.candidate.parent)
    yield own
    yield from ledger.remeasured(own.candidate.number)


def start_of(ledger: Ledger, number: int) -> int:
    """The start program that a candidate came from, by its number, parent after parent."""
    query = "SELECT parent FROM candidates WHERE number = ?"
    while (parent := ledger.db.execute(query, (number,)).fetchone()[0]) is not None:
        number = parent
    return number
