"""The answers of jobs that are done while the work that they are part of is not, and their table.

A process that was interrupted takes them up in the next one. The table is there only as long as
something is kept.
"""

import sqlite3
from collections.abc import Iterable

from search.ledger.schema import Field, declared

FIELDS = (
    Field("job", "TEXT PRIMARY KEY", "hash of the job and of the code that did it"),
    Field("value", "TEXT NOT NULL", "JSON: what came of it"),
)
_TABLE = f"CREATE TABLE IF NOT EXISTS kept ({declared(FIELDS)})"


def enter(db: sqlite3.Connection, values: Iterable[tuple[str, str]]) -> None:
    """Keep values, by job."""
    db.execute(_TABLE)
    db.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?)", values)


def stored(db: sqlite3.Connection) -> dict[str, str]:
    """All that is kept: values by job."""
    known = db.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'kept'")
    return dict(db.execute("SELECT job, value FROM kept")) if known.fetchone() else {}


def drop(db: sqlite3.Connection) -> None:
    """Keep nothing any longer."""
    db.execute("DROP TABLE IF EXISTS kept")
