"""Other numbers for a program: what a new idea is tried with before it is judged.

A child has its parent's numbers, and is mostly better off with others. So many of its numbers at a
time are drawn anew around what they are: the distance of a decay from 1 by up to a decade either
way, small numbers by more, others by a factor of about two. The rate is left alone, since every
task finds its own.
"""

from collections.abc import Sequence

import numpy as np

from dsl.program import Program
from dsl.program.walk import Site, constants
from search.mutation.sampling import chance, pick, rounded

_MOVED = 0.5
"""The chance of each number to be another one in a setting; at least one is."""
_DECAY_DECADES, _SMALL_DECADES = 1.0, 2.0
_SMALL = 1e-3
"""Numbers below are offsets: what matters is their order of magnitude."""
RATE = "lr"


def settings(program: Program, rng: np.random.Generator, count: int) -> tuple[Program, ...]:
    """Up to `count` programs that differ from `program` in their numbers, and from one another; the
    same structure, inputs, slots and name. Fewer where it has few numbers; a function of `rng`."""
    sites = [(site, arg.value) for site, arg in constants(program.statements) if arg.value]
    fixed = {RATE, *program.lengths}
    defaults = [(n, v) for n, v in program.hyperparameters.items() if n not in fixed and v]
    found: list[Program] = []
    for _ in range(count if sites or defaults else 0):
        numbers, given = _drawn(sites, defaults, rng)
        ranges = program.meanings
        within = {n: ranges[n].nearest(v) if n in ranges else v for n, v in given.items()}
        other = program.with_numbers(numbers, within)
        if not any(other.same_rule(each) for each in (program, *found)):
            found.append(other)
    return tuple(found)


def other_number(rng: np.random.Generator, value: float) -> float:
    """A number near `value`, of the same sign; 0 stays."""
    if 0.5 <= value < 1:
        return 1.0 - rounded(min((1.0 - value) * _decades(rng, _DECAY_DECADES), 0.9))
    if abs(value) < _SMALL:
        return rounded(value * _decades(rng, _SMALL_DECADES))
    return rounded(value * 2.0 ** rng.normal())


def _drawn(
    sites: Sequence[tuple[Site, float]],
    defaults: Sequence[tuple[str, float]],
    rng: np.random.Generator,
) -> tuple[dict[Site, float], dict[str, float]]:
    """Some of the constants and defaults, at least one of all, with other numbers."""
    total = len(sites) + len(defaults)
    moved = [place for place in range(total) if chance(rng, _MOVED)] or [pick(rng, range(total))]
    written: dict[Site, float] = {}
    given: dict[str, float] = {}
    for place in moved:
        if place < len(sites):
            site, value = sites[place]
            written[site] = other_number(rng, value)
        else:
            name, value = defaults[place - len(sites)]
            given[name] = other_number(rng, value)
    return written, given


def _decades(rng: np.random.Generator, reach: float) -> float:
    """A factor, evenly on a logarithmic scale, by up to `reach` decades either way."""
    return float(10.0 ** (reach * (2.0 * rng.random() - 1.0)))
