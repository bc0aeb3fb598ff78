"""The ledger of a campaign: one SQLite file, one writer, a row per candidate in order.

Rows are committed one by one and never changed, so a process killed at any moment has lost the work
in flight and nothing else. Readers open the file read-only. What a row says is the same for every
run of the campaign; `sessions` alone holds what is not: time, workers, compilations.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dsl.errors import DslError
from dsl.identity import LANGUAGE
from dsl.program import Program
from dsl.program.parse import parse
from evaluators.evaluation import Evaluation
from search.candidates.verdict import CacheKey, Candidate, Keys, Verdict
from search.errors import LedgerError, NoSuchRun
from search.ledger.schema import SCHEMA, TABLES, check, readable
from search.mutation.mutator import Mutation

FILE = "ledger.sqlite"
_BUSY_SECONDS = 20.0
_STORED = ("schema", "language", "config", "baseline", "finals", "validation")

_COLUMNS = (
    "number, text, digest, canonical, fingerprint, family, parent, mutation, detail, hit, source, "
    "outcome, score, evaluation, note, seconds"
)


@dataclass(frozen=True)
class Row:
    """One candidate as it is stored; a cache hit has no evaluation, its source has."""

    number: int
    text: str
    keys: Keys
    parent: int | None
    mutation: Mutation
    hit: CacheKey | None
    source: int | None
    verdict: Verdict

    def program(self) -> Program:
        """The program as it was tried."""
        return parse(self.text)

    @property
    def rates(self) -> tuple[tuple[str, float], ...]:
        """The rate that served it best on each task."""
        measured = self.verdict.evaluation
        return tuple(measured.rates().items()) if measured else ()


class Ledger:
    """An open ledger; `create`, `open` and `read` make one."""

    def __init__(self, path: Path, connection: sqlite3.Connection):
        self.path = path
        self._db = connection

    @staticmethod
    def create(path: Path, config: dict[str, Any]) -> "Ledger":
        """A new ledger for a campaign; it appears whole or not at all."""
        unborn = path.with_name(f"{path.name}.new")
        unborn.unlink(missing_ok=True)
        db = sqlite3.connect(unborn)
        with db:
            db.executescript(TABLES)
            meta = {"schema": SCHEMA, "language": LANGUAGE, "config": config}
            pairs = [(key, _json(value)) for key, value in meta.items()]
            db.executemany("INSERT INTO meta VALUES (?, ?)", pairs)
        db.close()
        unborn.rename(path)
        return Ledger.open(path)

    @staticmethod
    def open(path: Path) -> "Ledger":
        """A ledger to continue; it is checked before anything is written."""
        Ledger.read(path).close()
        db = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        return Ledger(path, db)

    def expect_writes(self) -> None:
        """Write ahead from now on, so that readers and a killed process are no trouble."""
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")

    @staticmethod
    def read(path: Path, *, whole: bool = True) -> "Ledger":
        """A ledger to look at, also while it is being written; LedgerError if it is none.

        `whole` checks every page of the file.
        """
        if not path.is_file():
            raise NoSuchRun(f"{path.parent} holds no ledger", help="`stepsmith runs` lists runs")
        with readable(path):
            uri = f"{path.resolve().as_uri()}?mode=ro"
            db = sqlite3.connect(uri, uri=True, timeout=_BUSY_SECONDS, isolation_level=None)
            try:
                check(path, db, whole=whole)
            except BaseException:
                db.close()
                raise
            return Ledger(path, db)

    def close(self, *, final: bool = False) -> None:
        """Close the file; a `final` ledger becomes a single file that needs no folder to read."""
        if final:
            with suppress(sqlite3.OperationalError):  # somebody is reading it
                self._db.execute("PRAGMA journal_mode=DELETE")
        self._db.close()

    def get(self, key: str) -> Any:
        """What is stored under `key` (config, baseline, finals, validation), or None."""
        row = self._db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def set(self, key: str, value: Any) -> None:
        """Store plain data under `key`; None removes it."""
        if value is None:
            self._db.execute("DELETE FROM meta WHERE key = ?", (key,))
        else:
            self._db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, _json(value)))

    def start_session(self, workers: int, versions: dict[str, str]) -> int:
        """Enter that a process works on the campaign from now on."""
        cursor = self._db.execute(
            "INSERT INTO sessions (started, workers, versions) "
            "VALUES (strftime('%Y-%m-%dT%H:%M:%SZ'), ?, ?)",
            (workers, _json(versions)),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def update_session(self, session: int, **values: float) -> None:
        """Set columns of a session."""
        columns = ", ".join(f"{name} = ?" for name in values)
        self._db.execute(f"UPDATE sessions SET {columns} WHERE id = ?", (*values.values(), session))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """What is written inside is written as one."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def append(self, candidate: Candidate, verdict: Verdict, seconds: float) -> None:
        """Enter the next candidate."""
        evaluation = None
        if candidate.source is None and verdict.evaluation is not None:
            evaluation = _json(verdict.evaluation.to_json())
        keys, mutation = candidate.keys, candidate.mutation
        self._db.execute(
            f"INSERT INTO candidates ({_COLUMNS}) VALUES ({', '.join('?' * 16)})",
            (
                *(candidate.index, str(candidate.program)),
                *(keys.text, keys.canonical, keys.fingerprint, keys.family),
                *(candidate.parent, mutation.kind, mutation.detail),
                *(candidate.hit, candidate.source),
                *(verdict.outcome, verdict.score, evaluation, verdict.note, seconds),
            ),
        )

    def __len__(self) -> int:
        return self._db.execute("SELECT count(*) FROM candidates").fetchone()[0]

    def rows(self, where: str = "", arguments: tuple[Any, ...] = ()) -> Iterator[Row]:
        """Candidates in order, or as a SQL clause says."""
        query = f"SELECT {_COLUMNS} FROM candidates {where or 'ORDER BY number'}"
        return map(_row, self._db.execute(query, arguments))

    def best(self, count: int) -> list[Row]:
        """The best programs by search score, each behaviour once, as first measured.

        The score of one that was measured several times is the mean; one that failed once is out.
        """
        ranked = self.query(
            "SELECT min(number), avg(score) FROM candidates WHERE source IS NULL "
            "GROUP BY fingerprint HAVING min(outcome = 'ok') "
            "ORDER BY avg(score) DESC, min(number) LIMIT ?",
            (count,),
        )
        found = []
        for number, score in ranked:
            row = next(self.rows("WHERE number = ?", (number,)))
            found.append(replace(row, verdict=replace(row.verdict, score=score)))
        return found

    def query(self, sql: str, arguments: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Rows of a SELECT; for summaries."""
        return self._db.execute(sql, arguments).fetchall()

    def content_hash(self) -> str:
        """Hex digest of all that two runs of one campaign must agree on.

        Covers the versions of tables and language, config, baseline, finals, validation, and every
        candidate in order with its evaluation; not time, workers or how often something was
        retried.
        """
        digest = hashlib.sha256()
        meta = [self.get(key) for key in _STORED]
        digest.update(_json(meta).encode())
        columns = _COLUMNS.removesuffix(", note, seconds")
        for row in self._db.execute(f"SELECT {columns} FROM candidates ORDER BY number"):
            digest.update(b"\n" + _json(row).encode())
        return digest.hexdigest()


@contextmanager
def reading(run: Path) -> Iterator[Ledger]:
    """The ledger of a run, to look at."""
    path = run / FILE
    with readable(path), closing(Ledger.read(path, whole=False)) as ledger:
        yield ledger


def find_rule(run: Path, hash_prefix: str) -> Program:
    """The first program of a run whose canonical hash begins so; NoSuchRun if none or several."""
    wanted = hash_prefix.lower()
    where = "WHERE substr(canonical, 1, ?) = ? GROUP BY canonical ORDER BY min(number) LIMIT 4"
    with reading(run) as ledger:
        found = list(ledger.rows(where, (len(wanted), wanted))) if wanted else []
    if len(found) == 1:
        try:
            return found[0].program()
        except DslError as error:
            message = f"{run}: candidate {found[0].number} is no program of this version"
            raise LedgerError(message, help=error.message) from None
    if not found:
        raise NoSuchRun(
            f"no program of {run} has a hash that begins with '{hash_prefix}'",
            help=f"`stepsmith status {run}` shows the best programs and their hashes",
        )
    hashes = ", ".join(row.keys.canonical for row in found)
    raise NoSuchRun(
        f"several programs of {run} begin with '{hash_prefix}': {hashes}", help="give more digits"
    )


def _row(columns: tuple[Any, ...]) -> Row:
    number, text, *keys, parent, kind, detail, hit, source = columns[:11]
    outcome, score, evaluation, note, _ = columns[11:]
    measured = None if evaluation is None else Evaluation.from_json(json.loads(evaluation))
    return Row(
        number=number,
        text=text,
        keys=Keys(*keys),
        parent=parent,
        mutation=Mutation(kind, detail),
        hit=None if hit is None else CacheKey(hit),
        source=source,
        verdict=Verdict(outcome, score, measured, note),
    )


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
