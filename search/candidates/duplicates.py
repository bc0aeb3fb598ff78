"""Finds the earlier candidate that a new one repeats, before anything is paid.

Every candidate that was asked for takes part, judged or not: that two candidates are alike depends
on their programs and order alone, so the answer is the same with any number of workers.
"""

from dataclasses import replace
from typing import NamedTuple

from dsl.program import Program
from dsl.rewrite.canonical import canonical_hash
from dsl.rewrite.family import family
from dsl.run.fingerprint import fingerprint
from search.candidates.verdict import CacheKey, Keys


class Found(NamedTuple):
    """The keys of a candidate; the key that found an earlier one, and that one's number.

    The source was not found itself.
    """

    keys: Keys
    hit: CacheKey | None = None
    source: int | None = None


class Duplicates:
    """The keys of every candidate so far, each with the first candidate that had it."""

    def __init__(self) -> None:
        self._first: dict[CacheKey, dict[str, int]] = {key: {} for key in CacheKey}
        self._keys: list[Keys] = []
        self._sources: list[int] = []

    def add(self, program: Program) -> Found:
        """Enter the next candidate."""
        text = program.digest
        like = self._first[CacheKey.TEXT].get(text)
        if like is not None:
            return self._found(self._keys[like], CacheKey.TEXT, like)
        canonical = canonical_hash(program)
        like = self._first[CacheKey.CANONICAL].get(canonical)
        if like is not None:
            keys = replace(self._keys[like], text=text)
            return self._found(keys, CacheKey.CANONICAL, like)
        keys = Keys(text, canonical, fingerprint(program), family(program))
        like = self._first[CacheKey.FINGERPRINT].get(keys.fingerprint)
        if like is not None:
            return self._found(keys, CacheKey.FINGERPRINT, like)
        self.restore(keys, None)
        return Found(keys)

    def restore(self, keys: Keys, source: int | None) -> None:
        """Enter the next candidate, whose keys and source are known."""
        number = len(self._keys)
        self._keys.append(keys)
        self._sources.append(number if source is None else source)
        for key in CacheKey:
            self._first[key].setdefault(getattr(keys, key.value), number)

    def again(self, number: int) -> Found:
        """Enter candidate `number` once more as the next one: it is measured again, not found."""
        self.restore(self._keys[number], self._sources[number])
        return Found(self._keys[number])

    def _found(self, keys: Keys, hit: CacheKey, like: int) -> Found:
        source = self._sources[like]
        self.restore(keys, source)
        return Found(keys, hit, source)
