"""Numbers as a person would write them."""

import math
from decimal import ROUND_HALF_EVEN, Context, Decimal

_STEPS = (Decimal(1), Decimal(2), Decimal(5), Decimal(10))
"""The leading digits of the roundest numbers."""


def digits(value: float) -> int:
    """The digits that somebody has to remember: those of the number, or, of a decay, of its
    distance to 1 if these are fewer (0.999 has one)."""
    exact = Decimal(repr(value))
    own = _significant(exact)
    return min(own, _significant(1 - exact)) if _decays(value) else own


def rounder(value: float) -> tuple[float, ...]:
    """Numbers near a value with fewer digits, the roundest first.

    {1, 2, 5} times a power of ten, then one digit, then two. A number between one half and 1 is
    taken for a decay: there it is the distance to 1 that is rounded, then the number to two digits.
    """
    exact = Decimal(repr(value))
    if _decays(value):
        gap = 1 - exact
        found = [1 - _roundest(gap), 1 - _rounded(gap, 1), _rounded(exact, 2)]
        found = [each for each in found if _decays(float(each))]
    else:
        found = [_roundest(exact), _rounded(exact, 1), _rounded(exact, 2)] if value else []
    plain = [each for each in dict.fromkeys(map(float, found)) if each and math.isfinite(each)]
    return tuple(each for each in plain if digits(each) < digits(value))


def one_digit(value: float) -> float:
    """The value to one significant digit."""
    return float(_rounded(Decimal(repr(value)), 1))


def _decays(value: float) -> bool:
    return 0.5 < value < 1


def _significant(value: Decimal) -> int:
    """Significant digits; none of 0."""
    return len(value.normalize().as_tuple().digits) if value else 0


def _rounded(value: Decimal, places: int) -> Decimal:
    """The value to some significant digits."""
    return value.normalize(Context(prec=places, rounding=ROUND_HALF_EVEN))


def _roundest(value: Decimal) -> Decimal:
    """The nearest {1, 2, 5} times a power of ten, by ratio."""
    power = Decimal(1).scaleb(value.adjusted())
    ratios = {step: max(abs(value) / power / step, step * power / abs(value)) for step in _STEPS}
    nearest = min(_STEPS, key=ratios.__getitem__) * power
    return nearest.copy_sign(value)
