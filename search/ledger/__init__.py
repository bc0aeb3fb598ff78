"""The ledger of a campaign: one SQLite file."""

from search.ledger.store import (
    FILE,
    Ledger,
    Row,
    find_rule,
    reading,
)

__all__ = [
    "FILE",
    "Ledger",
    "Row",
    "find_rule",
    "reading",
]
