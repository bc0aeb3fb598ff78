"""The error of a declaration that does not hold, and how two results are compared."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Shaped


class Fault(AssertionError):
    """A declaration that does not hold; the message is a sentence that says where."""


def compare(
    met: Shaped[np.ndarray, "..."],
    wanted: Shaped[np.ndarray, "..."],
    where: str,
    *,
    rtol: float,
    atol: float = 0.0,
) -> None:
    """Fault with the first entry at which two arrays differ, NaN and NaN aside."""
    if np.shape(met) != np.shape(wanted):
        raise Fault(f"{where}: the shapes are {np.shape(met)} and {np.shape(wanted)}")
    with np.errstate(all="ignore"):
        same = np.isclose(met, wanted, rtol=rtol, atol=atol, equal_nan=True)
    if not np.all(same):
        at = tuple(index[0] for index in np.nonzero(np.atleast_1d(~same)))
        one, other = (float(np.atleast_1d(each)[at]) for each in (met, wanted))
        raise Fault(f"{where}: {one:.10g} and {other:.10g}")


def at(names: Sequence[str], values: Sequence[float]) -> str:
    """`x = 1, y = -0.5`."""
    return ", ".join(f"{name} = {value:.6g}" for name, value in zip(names, values, strict=True))


def said(error: Exception) -> str:
    """An error in a line."""
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0] if lines else 'no message'}"
