"""A population kept diverse by behaviour: who has a better one close by goes first.

Dominated Novelty Search (Bahlous-Boldi et al. 2025, arXiv:2502.00593): a member counts for its mean
distance to the nearest members that are better than itself, the best for infinitely much; the
younger of two with equal scores counts as better. So a change that changes nothing makes no room
for itself, and a weaker rule stays as long as nothing better behaves like it. Behaviour is the
steps on the probe of the fingerprint, whatever their rate.
"""

from typing import Generic, NamedTuple, TypeVar

import numpy as np
from jaxtyping import Float64

from dsl.program import Program
from dsl.run.fingerprint import respond

NEAREST = 3
"""The better members that a member is compared with."""
_NEGLIGIBLE = 1e-9
"""A step of at most this part of the largest is as good as none."""

T = TypeVar("T")


class Behaviour(NamedTuple):
    """The steps of a program in units of their typical length."""

    moves: Float64[np.ndarray, "steps entries"]
    lengths: Float64[np.ndarray, " steps"]


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
    moves: Float64[np.ndarray, "others steps entries"],
    lengths: Float64[np.ndarray, "others steps"],
) -> Float64[np.ndarray, " others"]:
    """The distances of others from one: the mean over steps of |x - y| / (|x| + |y|), 0 to 1."""
    apart = np.linalg.norm(moves - one.moves, axis=2)
    together = lengths + one.lengths
    return np.mean(np.divide(apart, together, out=np.zeros_like(apart), where=together > 0), axis=1)


class NovelPopulation(Generic[T]):
    """Members by number, at most `size` of them after `cull`; each has a score."""

    def __init__(self, size: int):
        self.size = size
        self.members: dict[int, T] = {}
        """In the order in which they came."""
        self._scores: dict[int, float] = {}
        self._behaviour: dict[int, Behaviour] = {}

    def add(self, number: int, member: T, score: float, program: Program) -> None:
        """Let a member in; when a tenth too many are there, the least novel leave."""
        self.members[number] = member
        self._scores[number] = score
        self._behaviour[number] = behaviour(program)
        if len(self.members) >= self.size + max(self.size // 10, 1):
            self.cull()

    def rescore(self, number: int, score: float) -> None:
        """Give a member another score."""
        self._scores[number] = score

    def remove(self, number: int) -> None:
        """Let a member go."""
        del self.members[number], self._scores[number], self._behaviour[number]

    def cull(self) -> None:
        """Let the least novel go until `size` are left, the older of equals first."""
        numbers = list(self.members)
        worth = self.novelty()
        order = sorted(range(len(numbers)), key=lambda place: (worth[place], numbers[place]))
        for place in order[: len(numbers) - self.size]:
            self.remove(numbers[place])

    def novelty(self) -> list[float]:
        """The mean distance of each member to the nearest better ones, in the order of members."""
        numbers = list(self.members)
        moves = np.stack([self._behaviour[number].moves for number in numbers])
        lengths = np.stack([self._behaviour[number].lengths for number in numbers])
        scores, ages = np.asarray([self._scores[n] for n in numbers]), np.asarray(numbers)
        found = []
        for place, number in enumerate(numbers):
            equal = scores == scores[place]
            better = (scores > scores[place]) | (equal & (ages > number))
            if not better.any():
                found.append(float("inf"))
                continue
            apart = np.sort(distances(self._behaviour[number], moves[better], lengths[better]))
            found.append(float(np.mean(apart[:NEAREST])))
        return found
