"""Sine, cosine and tangent."""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jaxtyping import Float

from dsl.run.float32.parts import INFINITY, bits_of, counted, float_of, less, polynomial

_PI = (3.140625, 9.67502593994140625e-4, 1.5099067153455443e-7, 5.1266903272790637e-12)
"""Pi in four parts; of the first three, the halves up to 2^13 are exact."""

_TURNS = 8192.0
"""Up to here an angle is brought near to zero with those parts."""

_FIRST_PLACE = 127 + 13
"""The exponent, as a float holds it, of `_TURNS`."""

_INVERSE_TURN = 0x28BE60DB9391054A7F09D5F47D4D377036D8A5664F
"""The first 168 binary digits of 1 / (2 pi) behind the point: as many as the largest float asks
for."""

_LAST = 127 + 23
"""The exponent, as a float holds it, of a float whose last digit counts ones."""

_DIGITS = np.array(
    [
        (_INVERSE_TURN >> (168 - 64 + _LAST - exponent)) & (2**64 - 1)
        for exponent in range(_FIRST_PLACE, 255)
    ],
    np.uint64,
)
_HIGH = (_DIGITS >> 32).astype(np.uint32).view(np.int32)
_ABOVE, _BELOW = ((_DIGITS >> at & 0xFFFF).astype(np.int32) for at in (16, 0))
"""By exponent, from the first place on: for the last digit of such a float as a part of a turn, its
digits behind the point; the first 32, the next 16, the next 16."""


def sin(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The sine. For |x| > 8192 the error is one rounding of 1."""
    return _of_angles(_sin, x)


def cos(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The cosine. For |x| > 8192 the error is one rounding of 1."""
    return _of_angles(_cos, x)


def tan(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The tangent. For |x| > 8192 the error is that of an angle off by one rounding."""
    return _of_angles(_tan, x)


def _of_angles(near: Callable[[Array], Array], x: Array) -> Array:
    """`near` of all angles, brought near to zero where one of them is such as it cannot take."""
    largest = jnp.abs(x)
    while largest.shape and largest.shape[-1] % 2 == 0:  # halves against each other, in vectors
        half = largest.shape[-1] // 2
        largest = jnp.maximum(largest[..., :half], largest[..., half:])
    small = jnp.max(largest, initial=0) < _TURNS
    return lax.cond(small, near, lambda x: near(_within_a_turn(x)), x)


def _within_a_turn(x: Array) -> Array:
    """Angles between half a turn to both sides, to 2^-29; NaN for what is infinite.

    The digits of turns that are no whole ones, as an integer: those of 1 / (2 pi) from the place
    on that the exponent gives, times the digits of `x` (Payne and Hanek 1983).
    """
    bits = bits_of(x) & 0x7FFFFFFF
    place = jnp.clip((bits >> 23) - _FIRST_PLACE, 0, len(_HIGH) - 1)
    digits = bits & 0x7FFFFF | 0x800000
    high, above, below = (
        jnp.asarray(table).at[place].get(mode="promise_in_bounds")
        for table in (_HIGH, _ABOVE, _BELOW)
    )
    upper, lower = digits >> 12, digits & 0xFFF
    turns = digits * high + (upper * above >> 4) + (lower * above >> 16) + (upper * below >> 20)
    angle = turns.astype(x.dtype) * np.float32(2 * np.pi / 2**32)
    brought = jnp.where(bits < INFINITY, jnp.where(x < 0, -angle, angle), np.nan)
    return jnp.where(jnp.abs(x) < _TURNS, x, brought)


def _sin(x: Array) -> Array:
    turns = jnp.round(x * np.float32(1 / np.pi))
    made = _negative_if_odd(turns, _sine(less(x, turns, _PI)))
    return jnp.where(x == 0, x, made)  # zero keeps its sign


def _cos(x: Array) -> Array:
    turns = jnp.floor(x * np.float32(1 / np.pi))
    return _negative_if_odd(turns, -_sine(less(x, turns + 0.5, _PI)))


def _tan(x: Array) -> Array:
    turns = jnp.round(x * np.float32(2 / np.pi))
    angle = less(x, turns * 0.5, _PI)
    z = angle * angle
    slope = polynomial(
        z, 0.333331536, 0.133388854, 5.34040104e-2, 2.44565731e-2, 3.07676867e-3, 9.41136583e-3
    )
    made = angle + angle * z * slope
    made = jnp.where((counted(turns) & 1) != 0, -1 / made, made)
    return jnp.where(x == 0, x, made)


def _negative_if_odd(number: Array, x: Array) -> Array:
    return float_of(bits_of(x) ^ (counted(number) << 31))


def _sine(angle: Array) -> Array:
    """The sine of an angle up to a quarter of a turn."""
    z = angle * angle
    slope = polynomial(z, -0.166666595, 8.33306521e-3, -1.98095214e-4, 2.60559013e-6)
    return angle + angle * z * slope
