"""Numbers as text: the fewest digits that give the same float64 back."""

import math


def format_number(value: float) -> str:
    """`1e-4` for 0.0001, `2` for 2.0, `0.999` for 0.999; `float(format_number(x)) == x`."""
    if not math.isfinite(value):
        raise ValueError(f"a number in a program must be finite, met {value}")
    plain = repr(value)
    if plain.endswith(".0"):
        plain = plain[:-2]
    mantissa, _, exponent = f"{value:.17e}".partition("e")
    for digits in range(17):
        mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
        if float(f"{mantissa}e{exponent}") == value:
            break
    scientific = f"{mantissa}e{int(exponent)}"
    return scientific if len(scientific) < len(plain) else plain
