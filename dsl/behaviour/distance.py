"""The distance between the behaviours of two programs.

Both run on the same stream. A *cell* is the step of one tensor at one time, so a program is 32
steps of two tensors, of which each is a vector. The steps of a program are first divided by their
typical size, the geometric mean of its cells; then

    distance(a, b) = mean over cells of |x - y| / (|x| + |y|)

for the vectors x and y of the two programs. The mean weighs tensors by their entries. A term is 0
for equal steps, 1/3 for steps of one direction of which one is twice as long, 0.71 for steps of one
length at right angles, 1 for opposite ones. It is 0 where both are 0 or neither is finite, and 1
where only one is.

So the distance is 0 for equal steps up to one positive factor, such as a learning rate. Directions,
sizes over time, and sizes of one tensor against another count at once. It is symmetric and keeps
the triangle inequality, as every term does (Klamkin and Meir 1982, "Ptolemy's inequality, chordal
metric, multiplicative metric").

Two rules of the zoo are 0.55 apart in the median. Parameters move as programs say, so that where a
step reads them (weight decay, hidden points) the rate has a say in it after all. What takes much
longer than 32 steps to show is not seen: averages that forget in hundreds of steps look like sums.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np

from dsl.behaviour.probe import ENTRIES, SIZES, everyday, steps
from dsl.program import Program
from dsl.shapes import Float

_ENDS = (0, *np.cumsum(SIZES)[:-1])
_WEIGHTS = np.array(SIZES) / ENTRIES
_NEGLIGIBLE = 1e-9
"""A cell of at most this part of the largest is as good as none."""


class Profile(NamedTuple):
    """The steps of a program in units of their typical size."""

    moves: Float[np.ndarray, "*stack steps entries"]
    """A cell without a finite step is NaN throughout."""
    sizes: Float[np.ndarray, "*stack steps tensors"]
    """Lengths of the cells."""


def behaviour_distance(a: Program, b: Program) -> float:
    """The distance between two programs, as above: between 0 and 1."""
    return float(distances(profile(a), profile(b)))


def distances(one: Profile, others: Profile) -> Float[np.ndarray, "*stack"]:
    """The distance of a profile to each of others, which are stacked."""
    apart = sizes_of(one.moves - others.moves)
    together = one.sizes + others.sizes
    with np.errstate(invalid="ignore"):
        terms = np.where(together > 0, apart / together, 0.0)
    lost, other_lost = np.isnan(one.sizes), np.isnan(others.sizes)
    terms = np.where(lost | other_lost, lost ^ other_lost, np.minimum(terms, 1.0))
    return np.asarray(np.mean(terms, axis=-2) @ _WEIGHTS)


def stacked(profiles: "list[Profile]") -> Profile:
    """Several profiles as one, to measure the distance to all of them at once."""
    moves, sizes = zip(*profiles, strict=True)
    return Profile(np.stack(moves), np.stack(sizes))


@lru_cache(maxsize=1024)
def profile(program: Program) -> Profile:
    """The steps of a program on the stream that behaviours are compared on."""
    return profile_of(steps(program, everyday()))


def profile_of(moves: Float[np.ndarray, "steps entries"]) -> Profile:
    """Steps in units of their typical size; 0 and NaN made clear."""
    finite = _spread(np.logical_and.reduceat(np.isfinite(moves), _ENDS, axis=1))
    largest = np.max(np.abs(moves), initial=0.0, where=finite)
    scaled = np.where(finite, moves / (largest or 1.0), np.nan)
    sizes = sizes_of(scaled)
    sizes[sizes <= _NEGLIGIBLE] = 0.0
    typical = typical_size(sizes)
    scaled = np.where(_spread(sizes == 0), 0.0, scaled / typical)
    return Profile(scaled, sizes / typical)


def typical_size(sizes: Float[np.ndarray, "*stack tensors"]) -> float:
    """The geometric mean of the sizes that are neither 0 nor NaN, by entries; 1 without any."""
    return float(np.exp(mean_log(sizes) or 0.0))


def mean_log(
    sizes: Float[np.ndarray, "*stack tensors"], over: Float[np.ndarray, "..."] | float = 1.0
) -> float | None:
    """The mean logarithm of sizes over others; tensors are weighed by
    their entries. What is 0 or NaN, or beyond what divides, is left out; None without any."""
    with np.errstate(all="ignore"):
        logs = np.log(sizes) - np.log(over)
    some = np.isfinite(logs)
    if not some.any():
        return None
    weights = np.where(some, _WEIGHTS, 0.0)
    return float(np.average(np.where(some, logs, 0.0), weights=weights))


def sizes_of(
    moves: Float[np.ndarray, "*stack entries"],
) -> Float[np.ndarray, "*stack tensors"]:
    """The length of every cell."""
    with np.errstate(over="ignore"):
        return np.sqrt(np.add.reduceat(np.square(moves), _ENDS, axis=-1))


def _spread(cells: np.ndarray) -> np.ndarray:
    """Values of cells, repeated for each of their entries."""
    return np.repeat(cells, SIZES, axis=-1)
