"""The tables of a ledger's file, their version, and the refusal of files that are not like that."""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from dsl.identity import LANGUAGE
from search.candidates.verdict import REMEASURED
from search.errors import LedgerError
from search.ledger.columns import DECLARED

SCHEMA = 6
"""The version of the tables and of what is stored in them."""


class Field(NamedTuple):
    """A column of a table beside that of the candidates."""

    name: str
    declaration: str
    meaning: str


META = (
    Field("key", "TEXT PRIMARY KEY", "what is stored"),
    Field("value", "TEXT NOT NULL", "JSON"),
)
EVALUATIONS = (
    Field("number", "INTEGER PRIMARY KEY", "the candidate"),
    Field("evaluation", "TEXT NOT NULL", "JSON: what was measured, see below"),
)
STATE = (
    Field("told", "INTEGER PRIMARY KEY", "the candidates that it knows of; only the last is kept"),
    Field("code", "TEXT NOT NULL", "hash of the code that stored it and alone can take it up"),
    Field("value", "TEXT NOT NULL", "JSON: strategy and random numbers"),
)
SESSIONS = (
    Field("id", "INTEGER PRIMARY KEY", "a process that worked on the campaign"),
    Field("started", "TEXT NOT NULL", "when, in UTC"),
    Field("workers", "INTEGER NOT NULL", "its workers; 0 for the process itself"),
    Field("versions", "TEXT NOT NULL", "JSON: what it ran on"),
    Field("candidates", "INTEGER NOT NULL DEFAULT 0", "the candidates that it judged"),
    Field("seconds", "REAL NOT NULL DEFAULT 0", "its time in the search"),
    Field("compilations", "INTEGER NOT NULL DEFAULT 0", "the machines that it compiled"),
    Field("retries", "INTEGER NOT NULL DEFAULT 0", "the jobs that it gave to a second worker"),
)


def declared(fields: Iterable[Field]) -> str:
    """The columns of a table as SQL declares them."""
    return ", ".join(f"{each.name} {each.declaration}" for each in fields)


TABLES = f"""
CREATE TABLE meta ({declared(META)});
CREATE TABLE candidates ({DECLARED});
CREATE TABLE evaluations ({declared(EVALUATIONS)});
CREATE TABLE state ({declared(STATE)});
CREATE INDEX by_canonical ON candidates (canonical);
CREATE INDEX by_parent ON candidates (parent) WHERE mutation = '{REMEASURED}';
CREATE TABLE sessions ({declared(SESSIONS)});
"""

_ASIDE = "move the file away to start the run anew, or use another folder (--out DIR)"


def check(path: Path, db: sqlite3.Connection, *, whole: bool) -> None:
    """LedgerError unless the file holds a ledger of this version; `whole` reads all of it."""
    tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type='table'")}
    if not {"meta", "candidates", "sessions"} <= tables:
        raise LedgerError(f"{path} is not a ledger", help=_ASIDE)
    met = dict(db.execute("SELECT key, value FROM meta WHERE key IN ('schema', 'language')"))
    if met != {"schema": str(SCHEMA), "language": str(LANGUAGE)}:
        raise LedgerError(
            f"{path} was written by {_writer(db)}, with {_versions(**met)}; this is Stepsmith "
            f"{version('stepsmith')}, which continues ledgers with {_versions(SCHEMA, LANGUAGE)}",
            help=f"continue it with the Stepsmith that made it; otherwise {_ASIDE}",
        )
    if whole:
        problem = db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok":
            raise LedgerError(f"{path} is damaged: {problem.splitlines()[-1]}", help=_ASIDE)


def _versions(schema: int | str = "none", language: int | str = 0) -> str:
    return f"tables of version {schema} and programs of language {language}"


def _writer(db: sqlite3.Connection) -> str:
    """The Stepsmith that began the campaign, as far as the ledger says."""
    try:
        row = db.execute("SELECT versions FROM sessions ORDER BY id LIMIT 1").fetchone()
        return f"Stepsmith {json.loads(row[0])['stepsmith']}"
    except (sqlite3.Error, TypeError, ValueError, KeyError):
        return "another Stepsmith"


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Turns an error of SQLite about the file into a LedgerError."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise LedgerError(f"{path} cannot be read: {error}") from None
    except sqlite3.DatabaseError as error:
        raise LedgerError(f"{path} is damaged or not a ledger: {error}", help=_ASIDE) from None
