"""The candidates told so far, by number: those that are not written yet, the latest read, the rest
in the ledger.

So a search keeps no list of its candidates. What it asks for again are the parents that are alive,
and these stay at hand.
"""

from collections import OrderedDict
from collections.abc import Sequence

from search.ledger.columns import Row
from search.ledger.store import Ledger

_AT_HAND = 1024
"""Rows that are kept, the latest used."""


class History:
    """The rows of a ledger that is being written."""

    def __init__(self, ledger: Ledger):
        self._ledger = ledger
        self._told = 0
        self._unwritten: list[Row] = []
        self._at_hand: OrderedDict[int, Row] = OrderedDict()

    def __len__(self) -> int:
        """The number of candidates told."""
        return self._told

    def skip(self, count: int) -> None:
        """Take the first `count` rows of the ledger as told."""
        self._told = count

    def add(self, row: Row, *, stored: bool) -> None:
        """Take in the next candidate; one that is `stored` is in the ledger."""
        self._told += 1
        self._keep(row)
        if not stored:
            self._unwritten.append(row)

    def row(self, number: int) -> Row | None:
        """Candidate `number`; None if it is not told yet."""
        if number >= self._told:
            return None
        found = self._at_hand.get(number)
        if found is None:
            found = next((r for r in self._unwritten if r.candidate.number == number), None)
        if found is None:
            found = self._ledger.row(number)
        self._keep(found)
        return found

    def remeasured(self, number: int) -> list[Row]:
        """The candidates that are candidate `number` on new seeds, in order."""
        written = [
            row for row in self._ledger.remeasured(number) if row.candidate.number < self._told
        ]
        return written + [row for row in self._unwritten if row.candidate.remeasures == number]

    @property
    def unwritten(self) -> Sequence[Row]:
        """The rows that are not in the ledger yet."""
        return self._unwritten

    def write(self) -> None:
        """Enter in the ledger what is not there yet; inside a transaction."""
        self._ledger.append(self._unwritten)

    def written(self) -> None:
        """The transaction is through."""
        self._unwritten.clear()

    def _keep(self, row: Row) -> None:
        self._at_hand[row.candidate.number] = row
        self._at_hand.move_to_end(row.candidate.number)
        if len(self._at_hand) > _AT_HAND:
            self._at_hand.popitem(last=False)
