"""Looks at the best of a search on a suite that it never sees, and their table.

A look is entered when it is decided, together with the candidates told before it, and once more
with what was found: so one whose measurement was lost can be made up. The table is created with
the first look.
"""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from search.ledger.columns import as_json
from search.ledger.results import StageEntrant
from search.ledger.schema import Field, declared

FIELDS = (
    Field("told", "INTEGER PRIMARY KEY", "the candidates told before it"),
    Field("candidate", "INTEGER NOT NULL", "the best of them"),
    Field("score", "REAL NOT NULL", "its mean score in the search"),
    Field("found", "TEXT", "JSON: what it came to on the other tasks; NULL until it is measured"),
)
_TABLE = f"CREATE TABLE IF NOT EXISTS looks ({declared(FIELDS)})"


@dataclass(frozen=True)
class Look:
    """The best candidate after `told` candidates, with its mean score in the search so far.

    `found` is what it came to on the other tasks, None before it is measured; there is no
    evaluation in it where the workers were lost.
    """

    told: int
    candidate: int
    score: float
    found: StageEntrant | None = None

    @property
    def unseen(self) -> float | None:
        """The score on the other tasks, as far as it is known."""
        evaluation = self.found and self.found.evaluation
        return evaluation.score if evaluation else None

    @property
    def gap(self) -> float | None:
        """The score in the search less the one on the other tasks."""
        return None if self.unseen is None else self.score - self.unseen

    def to_json(self) -> dict[str, Any]:
        """The numbers that `stepsmith status --json` prints."""
        numbers = {"search_score": self.score, "unseen_score": self.unseen, "gap": self.gap}
        return {"told": self.told, "candidate": self.candidate, **numbers}


def stored(db: sqlite3.Connection) -> list[Look]:
    """All looks, in order."""
    return [
        Look(told, candidate, score, StageEntrant.from_json(json.loads(text)) if text else None)
        for told, candidate, score, text in rows(db)
    ]


def rows(db: sqlite3.Connection) -> list[tuple[int, int, float, str | None]]:
    """The rows of the table as they are stored, in order."""
    known = db.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'looks'")
    return db.execute("SELECT * FROM looks ORDER BY told").fetchall() if known.fetchone() else []


def enter(db: sqlite3.Connection, look: Look) -> None:
    """Enter a look, in place of the same one without what was found."""
    db.execute(_TABLE)
    text = None if look.found is None else as_json(look.found.to_json())
    row = (look.told, look.candidate, look.score, text)
    db.execute("INSERT OR REPLACE INTO looks VALUES (?, ?, ?, ?)", row)
