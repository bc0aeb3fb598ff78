"""The proof by trial: a simplified program beside the original, on random streams in float64.

Two programs agree where their steps are equal to rounding, and the points at which they are to be
evaluated. For most programs that is a fixed part
of a step; one that takes a small value from a large one, `(x + y) - y`, and then a root of what is
left, rounds so coarsely that a program without that detour differs by more. So where steps differ
by more, the original is run again with the last digits of all that it works out changed: what its
own steps change by, each in its place, is its rounding.
"""

from collections.abc import Collection

import numpy as np

from dsl.language.kinds import Kind
from dsl.language.registry import Domain
from dsl.program import Const, Local, Program
from dsl.program.walk import Rewriter
from dsl.run.fingerprint import evaluated, respond
from dsl.shapes import Float

_RELATIVE, _OF_LARGEST = 1e-6, 1e-9
"""The largest difference of a step, as a part of it and of the largest step of its entry so far."""
_OTHER, _INSTEAD_OF_ZERO = 0.9, 0.037
"""The second stream is run at other hyperparameters: times the one, the other where one is 0."""

_NUDGES = 8
"""Runs with other last digits."""
_CHANGES = (-2, -1, 1, 2)
"""The changes of a value in last digits: none of them is 0, or the one value whose rounding decides
might be left alone in all runs, and enough of them that two values seldom change alike."""
_TIMES = 8
"""The rounding of a program as a multiple of the largest change that these runs saw."""


def same_steps(original: Program, made: Program, domain: Domain) -> bool:
    """True if two programs take the same steps to rounding: where those of the original are finite,
    and for `Domain.EXACT` NaN and infinities too.

    One stream is run at the defaults, another one at other hyperparameters.
    """
    if not _alike(original, made, 0, domain):
        return False
    kept = made.hyperparameters
    return _alike(_elsewhere(original, kept), _elsewhere(made, kept), 1, domain)


def _alike(original: Program, made: Program, stream: int, domain: Domain) -> bool:
    """True if two programs take the same steps on a stream."""
    pointed = original.point is not None or made.point is not None
    before, after = (_seen(program, stream, pointed) for program in (original, made))
    if _agree(before, after, domain):
        return True
    if domain is Domain.EXACT:
        return False
    return _agree(before, after, domain, _TIMES * _rounding(original, stream, pointed))


def _seen(program: Program, stream: int, pointed: bool) -> Float[np.ndarray, "steps entries"]:
    """The steps of a program on a stream, and behind them the points if they count."""
    moves = respond(program, stream)
    return np.hstack([moves, evaluated(program, stream)]) if pointed else moves


def _rounding(program: Program, stream: int, pointed: bool) -> Float[np.ndarray, "steps entries"]:
    """The largest change of a step up to each on a stream that other last digits make, since slots
    keep what was rounded; infinite where they make a step that is not finite."""
    plain, rng = _seen(program, stream, pointed), np.random.Generator(np.random.PCG64(17))
    largest = np.zeros_like(plain)
    for _ in range(_NUDGES):
        with np.errstate(all="ignore"):
            change = np.abs(_seen(_nudged(program, rng), stream, pointed) - plain)
        largest = np.maximum(largest, np.where(np.isnan(change), np.inf, change))
    return np.maximum.accumulate(largest, axis=0)


def _nudged(program: Program, rng: np.random.Generator) -> Program:
    """The program with the last digits of every number that it works out changed."""
    made = Rewriter(program)
    for index, kind in enumerate(program.kinds):
        made.copy([index])
        if kind in (Kind.TENSOR, Kind.SCALAR, Kind.GLOBAL):
            factor = Const(1 + int(rng.choice(_CHANGES)) * float(np.finfo(np.float64).eps))
            made.place[Local(index)] = made.put("mul", made.place[Local(index)], factor)
    return made.finish()


def _elsewhere(program: Program, kept: Collection[str]) -> Program:
    """The program at other hyperparameters. One that is gone stays what it was, since another may
    have taken it in; but for a 0, which none takes in."""
    values = {
        name: value * _OTHER or _INSTEAD_OF_ZERO
        for name, value in program.hyperparameters.items()
        if (name in kept or not value) and name not in program.lengths
    }
    return program.with_hyperparameters(**values)


def _agree(
    before: Float[np.ndarray, "steps entries"],
    after: Float[np.ndarray, "steps entries"],
    domain: Domain,
    rounding: Float[np.ndarray, "steps entries"] | float = 0.0,
) -> bool:
    """True if steps are equal to rounding, that of the program included."""
    finite = np.isfinite(before)
    largest = np.maximum.accumulate(np.where(finite, np.abs(before), 0.0), axis=0)
    with np.errstate(all="ignore"):
        allowed = _RELATIVE * np.abs(before) + _OF_LARGEST * largest + rounding
        same = (np.abs(after - before) <= allowed) | (before == after)
    if domain is Domain.EXACT:
        same |= np.isnan(before) & np.isnan(after)
        return bool(np.all(same))
    return bool(np.all(same | ~finite))
