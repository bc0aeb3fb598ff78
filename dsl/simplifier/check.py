"""The proof by trial: a simplified program beside the original, on random streams in float64."""

import numpy as np

from dsl.language.registry import Domain
from dsl.program import Program
from dsl.run.fingerprint import respond

_RELATIVE, _OF_LARGEST = 1e-6, 1e-9
"""The largest difference of a step, as a part of it and of the largest step of its entry so far."""
_OTHER, _INSTEAD_OF_ZERO = 0.9, 0.037
"""The second stream is run at other hyperparameters: times the one, the other where one is 0."""


def same_steps(original: Program, made: Program, domain: Domain) -> bool:
    """True if two programs take the same steps to rounding: where those of the original are finite,
    and for `Domain.EXACT` NaN and infinities too.

    One stream is run at the defaults, and where both programs have the same hyperparameters another
    one at other values.
    """
    if not _agree(respond(original, 0), respond(made, 0), domain):
        return False
    kept = made.hyperparameters
    if any(original.hyperparameters.get(name) != value for name, value in kept.items()):
        return True
    one, other = _elsewhere(original), _elsewhere(made)
    return _agree(respond(one, 1), respond(other, 1), domain)


def _elsewhere(program: Program) -> Program:
    values = {
        name: value * _OTHER or _INSTEAD_OF_ZERO for name, value in program.hyperparameters.items()
    }
    return program.with_hyperparameters(**values)


def _agree(before: np.ndarray, after: np.ndarray, domain: Domain) -> bool:
    """True if steps, [steps, entries], are equal to rounding."""
    finite = np.isfinite(before)
    largest = np.maximum.accumulate(np.where(finite, np.abs(before), 0.0), axis=0)
    with np.errstate(all="ignore"):
        allowed = _RELATIVE * np.abs(before) + _OF_LARGEST * largest
        same = (np.abs(after - before) <= allowed) | (before == after)
    if domain is Domain.EXACT:
        same |= np.isnan(before) & np.isnan(after)
        return bool(np.all(same))
    return bool(np.all(same | ~finite))
