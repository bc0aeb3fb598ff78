"""Finds the earlier candidate that a new one repeats, before anything is paid.

Every candidate that was asked for takes part, judged or not: that two candidates are alike depends
on their programs and order alone, so the answer is the same with any number of workers.
"""

from array import array
from collections.abc import Iterable
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
    """The keys of every candidate so far, each with the first candidate that had it.

    Keys are 64-bit numbers here, about 400 bytes for a candidate.
    """

    def __init__(self) -> None:
        self._texts, self._canonicals = array("Q"), array("Q")
        self._fingerprints, self._families = array("Q"), array("Q")
        self._sources = array("Q")
        self._by_text: dict[int, int] = {}
        self._by_canonical: dict[int, int] = {}
        self._by_fingerprint: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._sources)

    def add(self, program: Program) -> Found:
        """Enter the next candidate."""
        text = program.digest
        like = self._by_text.get(int(text, 16))
        if like is not None:
            return self._found(self._keys(like), CacheKey.TEXT, like)
        canonical = canonical_hash(program)
        like = self._by_canonical.get(int(canonical, 16))
        if like is not None:
            found = self._keys(like)
            keys = Keys(text, canonical, found.fingerprint, found.family)
            return self._found(keys, CacheKey.CANONICAL, like)
        keys = Keys(text, canonical, fingerprint(program), family(program))
        like = self._by_fingerprint.get(int(keys.fingerprint, 16))
        if like is not None:
            return self._found(keys, CacheKey.FINGERPRINT, like)
        self.restore(keys, None)
        return Found(keys)

    def restore(self, keys: Keys, source: int | None) -> None:
        """Enter the next candidate, whose keys and source are known."""
        self.load([(keys.text, keys.canonical, keys.fingerprint, keys.family, source)])

    def load(self, known: Iterable[tuple[str, str, str, str, int | None]]) -> None:
        """Enter the next candidates: text, canonical form, fingerprint, family, source of each."""
        for number, (text, canonical, steps, kin, source) in enumerate(known, len(self)):
            as_text, as_canonical, as_steps = int(text, 16), int(canonical, 16), int(steps, 16)
            self._texts.append(as_text)
            self._canonicals.append(as_canonical)
            self._fingerprints.append(as_steps)
            self._families.append(int(kin, 16))
            self._sources.append(number if source is None else source)
            self._by_text.setdefault(as_text, number)
            self._by_canonical.setdefault(as_canonical, number)
            self._by_fingerprint.setdefault(as_steps, number)

    def again(self, number: int) -> Found:
        """Enter candidate `number` once more as the next one: it is measured again, not found."""
        keys = self._keys(number)
        self.restore(keys, self._sources[number])
        return Found(keys)

    def has(self, number: int, program: Program) -> bool:
        """True if candidate `number` is this program."""
        return number < len(self) and self._texts[number] == int(program.digest, 16)

    def _keys(self, number: int) -> Keys:
        parts = (self._texts, self._canonicals, self._fingerprints, self._families)
        return Keys(*(f"{part[number]:016x}" for part in parts))

    def _found(self, keys: Keys, hit: CacheKey, like: int) -> Found:
        source = self._sources[like]
        self.restore(keys, source)
        return Found(keys, hit, source)
