"""Numbers of the language: finite, 0 without a sign, and written with the fewest digits that give
the same float64 back."""

import math
import numbers
from functools import lru_cache
from typing import Any

from dsl.errors import DslError


def checked(value: Any) -> float:
    """`value` as a number of the language; DslError unless it is a finite real number."""
    if type(value) is not float:
        if isinstance(value, bool) or not isinstance(value, numbers.Real):
            raise DslError(f"a number is wanted, met {value!r}")
        try:
            value = float(value)
        except OverflowError:
            value = math.inf
    value += 0.0
    if not math.isfinite(value):
        raise DslError(f"a number in a program must be finite, met {value}")
    return value


@lru_cache(maxsize=16384)
def format_number(value: float) -> str:
    """`1e-4` for 0.0001, `2` for 2.0, `0.999` for 0.999; `float(format_number(x)) == x`."""
    if not math.isfinite(value):
        raise ValueError(f"a number in a program must be finite, met {value}")
    sign, text = ("-", repr(-value)) if value < 0 else ("", repr(abs(value)))
    mantissa, _, exponent = text.partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    plain = f"{whole}.{fraction}" if fraction else whole
    if exponent:
        return f"{sign}{plain}e{int(exponent)}"
    digits = (whole + fraction).lstrip("0")
    power = len(digits) - len(fraction) - 1
    digits = digits.rstrip("0")
    scientific = f"{digits[:1]}.{digits[1:]}".rstrip(".") + f"e{power}"
    return sign + (scientific if digits and len(scientific) < len(plain) else plain)
