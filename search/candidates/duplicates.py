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

    The source was not found itself. `fresh` is True if no earlier candidate is of its family.
    """

    keys: Keys
    hit: CacheKey | None = None
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
        self._texts, self._canonicals = array("Q"), array("Q")
        self._fingerprints, self._families = array("Q"), array("Q")
        self._sources = array("Q")
        self._kin: set[int] = set()
        self._proposed, self._judged = _Index(), _Index()
        self._tuned: dict[int, Keys] = {}

    def __len__(self) -> int:
        return len(self._sources)

    def add(self, program: Program) -> Found:
        """Enter the next candidate."""
        text = program.digest
        like = self._like(CacheKey.TEXT, text)
        if like is not None:
            return self._found(like[1], CacheKey.TEXT, like[0])
        canonical = canonical_hash(program)
        like = self._like(CacheKey.CANONICAL, canonical)
        if like is not None:
            return self._found(like[1]._replace(text=text), CacheKey.CANONICAL, like[0])
        keys = Keys(text, canonical, fingerprint(program), family(program))
        like = self._like(CacheKey.FINGERPRINT, keys.fingerprint)
        if like is not None:
            return self._found(keys, CacheKey.FINGERPRINT, like[0])
        fresh = int(keys.family, 16) not in self._kin
        self.restore(Known(keys, None))
        return Found(keys, fresh=fresh)

    def restore(self, known: Known) -> None:
        """Enter the next candidate, of which all is known."""
        number, (keys, repeats, judged) = len(self), known
        text, canonical, behaviour, kin = own = _numbers(keys)
        self._texts.append(text)
        self._canonicals.append(canonical)
        self._fingerprints.append(behaviour)
        self._families.append(kin)
        self._sources.append(number if repeats is None else repeats)
        self._kin.add(kin)
        self._proposed.enter(own, number)
        if judged is not None:
            self.tuned(number, judged)

    def load(self, known: Iterable[Known]) -> None:
        """Enter the next candidates."""
        for each in known:
            self.restore(each)

    def tuned(self, number: int, keys: Keys) -> None:
        """Enter that candidate `number` was judged with other numbers; it is told."""
        self._tuned[number] = keys
        own = _numbers(keys)
        self._kin.add(own[-1])
        self._judged.enter(own, number)

    def again(self, number: int) -> Found:
        """Enter candidate `number` once more as the next one: it is measured again, not found."""
        keys = self.keys_of(number)
        self.restore(Known(keys, self._sources[number]))
        return Found(keys)

    def has(self, number: int, program: Program) -> bool:
        """True if candidate `number` is this program, as it was judged."""
        return number < len(self) and self.keys_of(number).text == program.digest

    def keys_of(self, number: int) -> Keys:
        """The keys of a candidate as it was judged."""
        return self._tuned.get(number) or self._keys(number)

    def _like(self, key: CacheKey, value: str) -> tuple[int, Keys] | None:
        """The candidate that has this key, and all keys of its program that has it."""
        found = self._proposed.find(key, value)
        if found is not None:
            return found, self._keys(found)
        found = self._judged.find(key, value)
        return None if found is None else (found, self._tuned[found])

    def _keys(self, number: int) -> Keys:
        parts = (self._texts, self._canonicals, self._fingerprints, self._families)
        return Keys(*(f"{part[number]:016x}" for part in parts))

    def _found(self, keys: Keys, hit: CacheKey, like: int) -> Found:
        source = self._sources[like]
        self.restore(Known(keys, source))
        return Found(keys, hit, source)


def _numbers(keys: Keys) -> tuple[int, int, int, int]:
    text, canonical, behaviour, kin = keys
    return int(text, 16), int(canonical, 16), int(behaviour, 16), int(kin, 16)


class _Index:
    """The first candidate with each key."""

    def __init__(self) -> None:
        self._first: dict[CacheKey, dict[int, int]] = {key: {} for key in CacheKey}

    def enter(self, keys: tuple[int, int, int, int], number: int) -> None:
        """Enter a candidate by its keys in the order of `Keys`, which begins as `CacheKey` does."""
        texts, canonicals, behaviours = self._first.values()
        texts.setdefault(keys[0], number)
        canonicals.setdefault(keys[1], number)
        behaviours.setdefault(keys[2], number)

    def find(self, key: CacheKey, value: str) -> int | None:
        """The first candidate with a key; None without."""
        return self._first[key].get(int(value, 16))
