"""A population kept diverse by behaviour: who has a better one close by goes first.

Dominated Novelty Search (Bahlous-Boldi et al. 2025, arXiv:2502.00593): a member counts for its mean
distance to the nearest members that are better than itself, the best for infinitely much; the
younger of two with equal scores counts as better. So a change that changes nothing makes no room
for itself, and a weaker rule stays as long as nothing better behaves like it. Behaviour is the
steps on the probe of the fingerprint, whatever their rate.
"""

import math
from typing import Generic, NamedTuple, TypeVar

import numpy as np

from dsl.program import Program
from dsl.run.fingerprint import respond
from dsl.shapes import Float

NEAREST = 3
"""The better members that a member is compared with."""
_NEGLIGIBLE = 1e-9
"""A step of at most this part of the largest is as good as none."""

T = TypeVar("T")


class Behaviour(NamedTuple):
    """The steps of a program in units of their typical length."""

    moves: Float[np.ndarray, "steps entries"]
    lengths: Float[np.ndarray, " steps"]


def behaviour(program: Program) -> Behaviour:
    """The behaviour of a program; a step that is not finite counts as none."""
    moves = np.nan_to_num(respond(program), nan=0.0, posinf=0.0, neginf=0.0)
    largest = np.max(np.abs(moves), initial=0.0) or 1.0
    moves = moves / largest
    lengths = np.linalg.norm(moves, axis=1)
    moves[lengths <= _NEGLIGIBLE] = 0.0
    some = lengths[lengths > _NEGLIGIBLE]
    typical = float(np.exp(np.mean(np.log(some)))) if some.size else 1.0
    return Behaviour(moves / typical, np.where(lengths > _NEGLIGIBLE, lengths, 0.0) / typical)


def distances(
    one: Behaviour,
    moves: Float[np.ndarray, "others steps entries"],
    lengths: Float[np.ndarray, "others steps"],
) -> Float[np.ndarray, " others"]:
    """The distances of others from one: the mean over steps of |x - y| / (|x| + |y|), 0 to 1."""
    squares = moves - one.moves
    squares *= squares  # in place: of all members these are many numbers
    apart = np.sqrt(np.add.reduce(squares, axis=2))
    together = lengths + one.lengths
    shares = np.divide(apart, together, out=np.zeros_like(apart), where=together > 0)
    return np.mean(shares, axis=1)


class NovelPopulation(Generic[T]):
    """Members by number, at most `size` of them after `cull`; each has a score."""

    def __init__(self, size: int):
        self.size = size
        self.members: dict[int, T] = {}
        """In the order in which they came."""
        self._scores: dict[int, float] = {}
        self._behaviour: dict[int, Behaviour] = {}
        self._apart = np.zeros((0, 0))
        """The distances between members, as far as they were asked for."""
        self._places: dict[int, int] = {}
        """The rows and columns of these members there, in their order."""

    def add(self, number: int, member: T, score: float, program: Program) -> None:
        """Let a member in; when a tenth too many are there, the least novel leave."""
        self.members[number] = member
        self._scores[number] = score
        self._behaviour[number] = behaviour(program)
        if len(self.members) >= self.size + max(self.size // 10, 1):
            self.cull()

    def quantile(self, share: float) -> float:
        """The score that `share` of the members lie below: that of `numpy.quantile`, sooner."""
        ordered = sorted(self._scores.values())
        place = share * (len(ordered) - 1)
        below = math.floor(place)
        low, high = ordered[below], ordered[min(below + 1, len(ordered) - 1)]
        part = place - below
        return low + (high - low) * part if part < 0.5 else high - (high - low) * (1 - part)

    def rescore(self, number: int, score: float) -> None:
        """Give a member another score."""
        self._scores[number] = score

    def remove(self, number: int) -> None:
        """Let a member go."""
        del self.members[number], self._scores[number], self._behaviour[number]
        self._places.pop(number, None)

    def cull(self) -> None:
        """Let the least novel go until `size` are left, the older of equals first."""
        numbers = list(self.members)
        worth = self.novelty()
        order = sorted(range(len(numbers)), key=lambda place: (worth[place], numbers[place]))
        for place in order[: len(numbers) - self.size]:
            self.remove(numbers[place])

    def novelty(self) -> list[float]:
        """The mean distance of each member to the nearest better ones, in the order of members."""
        scores = np.asarray([self._scores[number] for number in self.members])
        ages = np.asarray(list(self.members))
        better = (scores > scores[:, None]) | ((scores == scores[:, None]) & (ages > ages[:, None]))
        apart = np.sort(np.where(better, self._distances(), np.inf), axis=1)[:, :NEAREST]
        some = np.isfinite(apart)
        count, total = some.sum(axis=1), np.where(some, apart, 0.0).sum(axis=1)
        return np.where(count > 0, total / np.maximum(count, 1), np.inf).tolist()

    def _distances(self) -> Float[np.ndarray, "members members"]:
        """The distances between members, in their order; those of new members are measured."""
        places, old = list(self._places.values()), len(self._places)
        all_of_them = list(self.members)
        apart = np.zeros((len(all_of_them), len(all_of_them)))
        apart[:old, :old] = self._apart[np.ix_(places, places)]
        moves = np.stack([self._behaviour[number].moves for number in all_of_them])
        lengths = np.stack([self._behaviour[number].lengths for number in all_of_them])
        for place, number in enumerate(all_of_them[old:], old):
            apart[place] = apart[:, place] = distances(self._behaviour[number], moves, lengths)
        self._apart = apart
        self._places = {number: place for place, number in enumerate(all_of_them)}
        return apart
