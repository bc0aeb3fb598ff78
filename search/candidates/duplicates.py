"""Finds the earlier candidate that a new one repeats, before anything is paid.

Every candidate that was asked for takes part, judged or not: that two candidates are alike depends
on their programs and order alone, so the answer is the same with any number of workers.
"""

import struct
from array import array
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from dsl.program import Program
from dsl.rewrite.canonical import canonical_hash
from dsl.rewrite.family import family
from dsl.run.fingerprint import fingerprint
from search.candidates.verdict import DuplicateKey, Keys

_AT_A_TIME = 10_000
"""Candidates that are entered together where many are known."""


class DuplicateLookup(NamedTuple):
    """The keys of a candidate; the key that found an earlier one, and that one's number.

    The source was not found itself. `fresh` is True if no earlier candidate is of its family.
    """

    keys: Keys
    hit: DuplicateKey | None = None
    source: int | None = None
    fresh: bool = False


class Known(NamedTuple):
    """A candidate as it is brought back: its keys as it was proposed, the candidate that it
    repeats or measures again, and its keys as it was judged where its numbers were tuned."""

    keys: Keys
    repeats: int | None
    judged: Keys | None = None


class Duplicates:
    """The keys of every candidate so far, each with the first candidate that had it.

    A program is looked up among those that were proposed, then among those that were judged with
    tuned numbers. Keys are 64-bit numbers here, about 400 bytes for a candidate.
    """

    def __init__(self) -> None:
        self._parts = [array("Q") for _ in Keys._fields]
        """The keys, in the order of `Keys`, of every candidate."""
        self._sources = array("Q")
        self._kin: set[int] = set()
        self._proposed, self._judged = _Index(), _Index()
        self._tuned: dict[int, Keys] = {}

    def __len__(self) -> int:
        return len(self._sources)

    def add(self, program: Program) -> DuplicateLookup:
        """Enter the next candidate."""
        text = program.digest
        like = self._like(DuplicateKey.TEXT, text)
        if like is not None:
            return self._found(like[1], DuplicateKey.TEXT, like[0])
        canonical = canonical_hash(program)
        like = self._like(DuplicateKey.CANONICAL, canonical)
        if like is not None:
            return self._found(like[1]._replace(text=text), DuplicateKey.CANONICAL, like[0])
        keys = Keys(text, canonical, fingerprint(program), family(program))
        like = self._like(DuplicateKey.FINGERPRINT, keys.fingerprint)
        if like is not None:
            return self._found(keys, DuplicateKey.FINGERPRINT, like[0])
        fresh = int(keys.family, 16) not in self._kin
        self.restore(Known(keys, None))
        return DuplicateLookup(keys, fresh=fresh)

    def restore(self, known: Known) -> None:
        """Enter the next candidate, of which all is known."""
        self.load([known])

    def load(self, known: Iterable[Known]) -> None:
        """Enter the next candidates, of which all is known, many at a time."""
        rest = iter(known)
        while some := list(islice(rest, _AT_A_TIME)):
            first = len(self)
            columns = [
                _numbers_of(column) for column in zip(*(each.keys for each in some), strict=True)
            ]
            for part, column in zip(self._parts, columns, strict=True):
                part.extend(column)
            self._kin.update(columns[-1])
            self._proposed.enter(columns, first)
            for number, each in enumerate(some, first):
                self._sources.append(number if each.repeats is None else each.repeats)
                if each.judged is not None:
                    self.tuned(number, each.judged)

    def tuned(self, number: int, keys: Keys) -> None:
        """Enter that candidate `number` was judged with other numbers; it is told."""
        self._tuned[number] = keys
        columns = [_numbers_of([key]) for key in keys]
        self._kin.update(columns[-1])
        self._judged.enter(columns, number)

    def again(self, number: int) -> DuplicateLookup:
        """Enter candidate `number` once more as the next one: it is measured again, not found."""
        keys = self.keys_of(number)
        self.restore(Known(keys, self._sources[number]))
        return DuplicateLookup(keys)

    def has(self, number: int, program: Program) -> bool:
        """True if candidate `number` is this program, as it was judged."""
        return number < len(self) and self.keys_of(number).text == program.digest

    def keys_of(self, number: int) -> Keys:
        """The keys of a candidate as it was judged."""
        return self._tuned.get(number) or self._keys(number)

    def _like(self, key: DuplicateKey, value: str) -> tuple[int, Keys] | None:
        """The candidate that has this key, and all keys of its program that has it."""
        found = self._proposed.find(key, value)
        if found is not None:
            return found, self._keys(found)
        found = self._judged.find(key, value)
        return None if found is None else (found, self._tuned[found])

    def _keys(self, number: int) -> Keys:
        return Keys(*(f"{part[number]:016x}" for part in self._parts))

    def _found(self, keys: Keys, hit: DuplicateKey, like: int) -> DuplicateLookup:
        source = self._sources[like]
        self.restore(Known(keys, source))
        return DuplicateLookup(keys, hit, source)


def _numbers_of(hashes: Sequence[str]) -> list[int]:
    return [*struct.unpack(f">{len(hashes)}Q", bytes.fromhex("".join(hashes)))]


class _Index:
    """The first candidate with each key."""

    def __init__(self) -> None:
        self._first: dict[DuplicateKey, dict[int, int]] = {key: {} for key in DuplicateKey}

    def enter(self, columns: Sequence[Sequence[int]], first: int) -> None:
        """Enter candidates from number `first` on, by their keys: a column for each key, in the
        order of `Keys`, which begins as `DuplicateKey` does."""
        for known, column in zip(self._first.values(), columns, strict=False):
            for number, key in enumerate(column, first):
                known.setdefault(key, number)

    def find(self, key: DuplicateKey, value: str) -> int | None:
        """The first candidate with a key; None without."""
        return self._first[key].get(int(value, 16))
