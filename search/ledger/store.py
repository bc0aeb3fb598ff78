"""The ledger itself: one SQLite file, one writer, a row per candidate in order.

Rows are committed in order, a few at a time, and never changed, so a process killed at any moment
has lost the work in flight and nothing else. Readers open the file read-only. What a row says is
the same for every run of the campaign; `sessions` alone holds what is not: time, workers,
compilations. `state` holds what a process needs to go on without going through all rows again.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from dsl.identity import LANGUAGE
from dsl.plugins import Plugin
from dsl.rewrite.demands import Demands
from search.candidates.duplicates import Known
from search.candidates.verdict import REMEASURED, Keys
from search.errors import LedgerError, NoSuchRun
from search.ledger.columns import (
    INSERT,
    INSERT_EVALUATION,
    SELECT,
    Row,
    as_json,
    asked_of,
    link,
    row_of,
    stored,
    values_of,
)
from search.ledger.lock import is_locked
from search.ledger.plugins import RecordedTask
from search.ledger.record import Record
from search.ledger.results import Sources
from search.ledger.schema import SCHEMA, TABLES, check, readable

_BUSY_SECONDS = 20.0
_AHEAD = b"\x02\x02"
"""The bytes 18 and 19 of a file that SQLite writes ahead."""

_BEST_OF_FAMILIES = """
WITH measured AS (
  SELECT min(number) AS number, avg(score) AS score, min(family) AS family, memory, cost, size
  FROM candidates WHERE source IS NULL
  GROUP BY fingerprint HAVING min(outcome = 'ok')
), placed AS (
  SELECT *, row_number() OVER (PARTITION BY family ORDER BY score DESC, number) AS place
  FROM measured
)
SELECT number, score, memory, cost, size FROM placed WHERE place = 1 ORDER BY score DESC, number
"""


def _is_at_rest(path: Path) -> bool:
    """True for a ledger that is written ahead, by nobody now, with nothing ahead of it.

    SQLite would make files beside such a one to read it, which a reader does not want to and in an
    archive cannot.
    """
    with path.open("rb") as file:
        ahead = file.read(20)[18:20] == _AHEAD
    waits = path.with_name(f"{path.name}-wal").exists()
    return ahead and not waits and not is_locked(path.parent)


class Ledger(Record):
    """An open ledger; `create`, `open` and `read` make one."""

    @staticmethod
    def create(
        path: Path,
        config: dict[str, Any],
        sources: Sources,
        plugins: Sequence[Plugin] = (),
        problems: Mapping[str, Mapping[str, float]] | None = None,
        own_tasks: Mapping[str, RecordedTask] | None = None,
    ) -> "Ledger":
        """A new ledger for a campaign; it appears whole or not at all.

        **Arguments:** `plugins`: those that the campaign is made from. `problems`: the numbers of
        tasks that others train. `own_tasks`: the user's own tasks, as they are now.
        """
        unborn = path.with_name(f"{path.name}.new")
        unborn.unlink(missing_ok=True)
        meta = {
            "schema": SCHEMA,
            "language": LANGUAGE,
            "config": config,
            "sources": sources.to_json(),
        }
        if plugins:
            meta["plugins"] = [plugin.to_json() for plugin in plugins]
        if problems:
            meta["problems"] = problems
        if own_tasks:
            meta["own_tasks"] = {name: each.to_json() for name, each in own_tasks.items()}
        pairs = [(key, as_json(value)) for key, value in meta.items()]
        try:
            with closing(sqlite3.connect(unborn)) as db, db:
                db.executescript(TABLES)
                db.executemany("INSERT INTO meta VALUES (?, ?)", pairs)
        except sqlite3.Error:
            unborn.unlink(missing_ok=True)
            raise
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
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=NORMAL")

    @staticmethod
    def read(path: Path, *, whole: bool = True) -> "Ledger":
        """A ledger to read, also while it is being written; LedgerError for another file.

        `whole` checks every page of the file.
        """
        if not path.is_file():
            raise NoSuchRun(f"{path.parent} holds no ledger", help="`stepsmith runs` lists runs")
        with readable(path):
            at_rest = "&immutable=1" if _is_at_rest(path) else ""
            uri = f"{path.resolve().as_uri()}?mode=ro{at_rest}"
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
                self.db.execute("PRAGMA journal_mode=DELETE")
        self.db.close()

    def start_session(self, workers: int, versions: dict[str, str]) -> int:
        """Enter that a process works on the campaign from now on."""
        cursor = self.db.execute(
            "INSERT INTO sessions (started, workers, versions) "
            "VALUES (strftime('%Y-%m-%dT%H:%M:%SZ'), ?, ?)",
            (workers, as_json(versions)),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def update_session(
        self, session: int, *, candidates: int, seconds: float, compilations: int, retries: int
    ) -> None:
        """Enter what a process has done so far."""
        self.db.execute(
            "UPDATE sessions SET candidates = ?, seconds = ?, compilations = ?, retries = ? "
            "WHERE id = ?",
            (candidates, seconds, compilations, retries, session),
        )

    def append(self, rows: Sequence[Row]) -> None:
        """Enter the next candidates, those left out that are there."""
        count, last = self._end()
        for row in rows:
            if row.candidate.number >= count:
                values, evaluation = stored(row, last)
                self.db.execute(INSERT, values)
                if evaluation is not None:
                    self.db.execute(INSERT_EVALUATION, (row.candidate.number, evaluation))
                last = values[-1]

    def set_state(self, told: int, code: str, value: str) -> None:
        """Store the state of the search after the first `told` candidates, the only one kept."""
        self.db.execute("DELETE FROM state")
        self.db.execute("INSERT INTO state VALUES (?, ?, ?)", (told, code, value))

    def state(self, code: str) -> tuple[int, str] | None:
        """The last state and the number of candidates told before it; None unless it was stored by
        this `code`."""
        query = "SELECT told, value FROM state WHERE code = ?"
        return self.db.execute(query, (code,)).fetchone()

    def __len__(self) -> int:
        return self.db.execute("SELECT count(*) FROM candidates").fetchone()[0]

    def rows(self, start: int = 0) -> Iterator[Row]:
        """The candidates in order, from number `start` on."""
        return self._rows("WHERE number >= ? ORDER BY number", start)

    def known(self, count: int) -> Iterator[Known]:
        """The first `count` candidates as a search takes them up."""
        found = self.db.execute(
            "SELECT digest, canonical, fingerprint, family, asked, "
            f"coalesce(source, CASE mutation WHEN '{REMEASURED}' THEN parent END) "
            "FROM candidates WHERE number < ? ORDER BY number",
            (count,),
        )
        for text, canonical, fingerprint, family, asked, repeats in found:
            own = Keys(text, canonical, fingerprint, family)
            if asked is None:
                yield Known(own, repeats)
            else:
                yield Known(asked_of(asked).keys, repeats, own)

    def remeasured(self, number: int) -> list[Row]:
        """The candidates that are candidate `number` on new seeds, in order."""
        where = f"WHERE mutation = '{REMEASURED}' AND parent = ? ORDER BY number"
        return list(self._rows(where, number))

    def judged(self) -> Iterator[Row]:
        """The candidates in order that have a verdict of their own, those that repeat an earlier
        one left out."""
        return self._rows("WHERE source IS NULL ORDER BY number")

    def row(self, number: int) -> Row:
        """One candidate that the ledger speaks of; LedgerError if it is lost."""
        for row in self._rows("WHERE number = ?", number):
            return row
        raise LedgerError(
            f"{self.path} has lost a part: it speaks of candidate {number} and does not hold it",
            help="a copy needs ledger.sqlite-wal too, if there is one; copy the whole folder again",
        )

    def with_hash(self, prefix: str, limit: int) -> list[Row]:
        """The first candidates of up to `limit` programs whose canonical hash begins so."""
        where = "WHERE substr(canonical, 1, ?) = ? GROUP BY canonical ORDER BY min(number) LIMIT ?"
        return list(self._rows(where, len(prefix), prefix, limit))

    def has_family(self, prefix: str) -> bool:
        """True if there is a candidate of a family whose hash begins so."""
        return bool(prefix) and any(
            self._rows("WHERE substr(family, 1, ?) = ? LIMIT 1", len(prefix), prefix)
        )

    def best(self, count: int) -> list[tuple[Row, float]]:
        """The best program of each family by search score, as first measured, with scores."""
        ranked = self.db.execute(f"{_BEST_OF_FAMILIES} LIMIT ?", (count,)).fetchall()
        return [(self.row(number), score) for number, score, *_ in ranked]

    def families(self) -> list[tuple[int, float, Demands]]:
        """The best program of each family: its number, score and demands, the best first.

        The score of one that was measured several times is the mean; one that failed once is out.
        """
        found = self.db.execute(_BEST_OF_FAMILIES)
        return [(number, score, Demands(*rest)) for number, score, *rest in found]

    def trained_families(self, count: int) -> Iterator[str]:
        """The families with a program trained to the end among the first `count` candidates."""
        found = self.db.execute(
            "SELECT DISTINCT family FROM candidates "
            "WHERE number < ? AND source IS NULL AND outcome = 'ok'",
            (count,),
        )
        return (family for (family,) in found)

    def _rows(self, clause: str, *arguments: Any) -> Iterator[Row]:
        return map(row_of, self.db.execute(f"{SELECT} {clause}", arguments))

    def _end(self) -> tuple[int, bytes]:
        """The number of candidates, and the link of the last one, a hash of all; empty without."""
        query = "SELECT number + 1, link FROM candidates ORDER BY number DESC LIMIT 1"
        return self.db.execute(query).fetchone() or (0, b"")

    def content_hash(self, *, anew: bool = False) -> str:
        """Hex digest of all that two runs of one campaign must agree on.

        Covers the versions of tables and language, config, baseline, all results and looks, and
        every candidate in order with its evaluation; not time, workers or how often something was
        retried. What it says of the rows was computed as they were written; `anew` reads them all.
        """
        _, last = self._end()
        if anew:
            last = b""
            for fields in self.db.execute(f"{SELECT} ORDER BY number"):
                last = link(last, values_of(fields))
        digest = hashlib.sha256()
        digest.update(self.hashed().encode())
        digest.update(last)
        return digest.hexdigest()
