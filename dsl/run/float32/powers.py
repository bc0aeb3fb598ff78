"""The cube root, and powers."""

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jaxtyping import Float

from dsl.run.float32.parts import (
    EXPONENTIAL,
    LN2,
    LOGARITHM,
    ONE,
    TINY,
    bits_of,
    counted,
    float_of,
    less,
    octaves,
    polynomial,
)

_THIRD = np.int32(709958130)
"""A third of the bits of a float and this are about the bits of its cube root (Kahan)."""

_ENOUGH = np.float32(2**33)
"""A power with a larger exponent, of what is not 1, is zero or infinite; and even."""

_UNDER = np.float32(-110)
"""Exponentials of smaller numbers are zero."""


def cbrt(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The cube root. Numbers too small for a normal float stay what they are."""
    size = jnp.abs(x)
    plain = (size >= TINY) & jnp.isfinite(size)
    inner = jnp.where(plain, size, 1)
    root = float_of(lax.div(bits_of(inner), np.int32(3)) + _THIRD)
    for _ in range(2):  # Halley's steps: 4e-2, 2e-5, rounding
        wanted = inner / (root * root)
        root += root * ((wanted - root) / (2 * root + wanted))
    return jnp.where(plain, jnp.copysign(root, x), x)


def power(x: Float[Array, "*#shape"], y: Float[Array, "*#shape"]) -> Float[Array, "*shape"]:
    """`x` to the power `y`, to two roundings: the exponential of a logarithm that is held, as its
    product with `y` is, in two floats. Numbers too small for a normal float count as zero."""
    x, y = jnp.broadcast_arrays(x, y)
    size = jnp.abs(x)
    y = jnp.where(y > _ENOUGH, _ENOUGH, jnp.where(y < -_ENOUGH, -_ENOUGH, y))
    edge = (size < TINY) | (size == np.inf)
    made = _exponential(*_product(y, *_logarithm(jnp.where(edge, 1, size))))
    made = jnp.where(edge, jnp.where((size < 1) == (y > 0), 0, np.inf), made)

    whole, even = jnp.floor(y) == y, 2 * jnp.floor(y / 2) == y
    made = jnp.where(whole & ~even & jnp.signbit(x), -made, made)
    unknown = (x != x) | (y != y) | ((x < 0) & ~whole & (size < np.inf))
    return jnp.where((y == 0) | (x == 1), 1, jnp.where(unknown, np.nan, made))


def _logarithm(x: Array) -> tuple[Array, Array]:
    """The logarithm of a positive normal float, the second part below the rounding of the first."""
    power, above = octaves(x)
    power = power.astype(x.dtype)
    leading = _leading(above)
    square = leading * leading / 2  # exact
    rest = (above + leading) / 2 * (above - leading)
    rest = above * above * above * polynomial(above, *LOGARITHM) - rest
    near, near_lost = _sum(above, -square)
    high, high_lost = _sum(power * np.float32(LN2[0]), near)
    return _sum(high, high_lost + (near_lost + (rest + power * np.float32(LN2[1]))))


def _product(y: Array, high: Array, low: Array) -> tuple[Array, Array]:
    """`y * (high + low)`: an exact product of leading bits, and the rest of it."""
    y_leading, leading = _leading(y), _leading(high)
    return y_leading * leading, y * (high - leading + low) + (y - y_leading) * leading


def _exponential(high: Array, low: Array) -> Array:
    """The exponential of the sum of two floats, the second one small."""
    under = high < _UNDER
    high, low = jnp.where(under, _UNDER, high), jnp.where(under, 0, low)
    doublings = high * np.float32(1 / np.log(2))
    doublings = jnp.round(jnp.where(doublings < 129, doublings, 129))
    left = less(high, doublings, LN2) + low
    made = 1 + left + left * left * polynomial(left, *EXPONENTIAL)
    count = counted(doublings)
    half = count >> 1  # no float is as large as the largest power of 2
    return made * _power_of_two(half) * _power_of_two(count - half)


def _power_of_two(count: Array) -> Array:
    return float_of(ONE + (count << 23))


def _leading(x: Array) -> Array:
    """`x` with its first twelve digits alone: products of two such are exact."""
    return float_of(bits_of(x) & -4096)


def _sum(x: Array, y: Array) -> tuple[Array, Array]:
    """The sum, and what it lost (Dekker 1971); `y` is the smaller one, or `x` is zero."""
    made = x + y
    return made, (x - made) + y
