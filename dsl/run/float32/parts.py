"""Parts of the functions: floats as integers and back, polynomials."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jaxtyping import Float, Int32

HALF, HALF_ROOT, ONE, INFINITY = 0x3F000000, 0x3F3504F3, 0x3F800000, 0x7F800000
"""The bits of 1/2, of its square root, of 1 and of infinity."""

TINY = np.finfo(np.float32).tiny
"""The smallest normal float."""

LN2 = (0.693359375, -2.12194440e-4)
"""The logarithm of 2 in two parts; multiples of the first, up to 2^14, are exact."""

EXPONENTIAL = (
    *(5.0000001201e-1, 1.6666665459e-1, 4.1665795894e-2),
    *(8.3334519073e-3, 1.3981999507e-3, 1.9875691500e-4),
)
"""(exp(x) - 1 - x) / x^2 within half the logarithm of 2."""

LOGARITHM = (
    *(0.333333283, -0.250010595, 0.20001616, -0.166165226),
    *(0.141900062, -0.132078899, 0.128549247, -0.0763120589),
)
"""(log(1 + x) - x + x^2 / 2) / x^3, 1 + x between the square roots of 1/2 and 2."""

_MAGIC, _MAGIC_BITS = np.float32(1.5 * 2**23), 0x4B400000
"""Floats from 2^23 to 2^24 count in their last bits."""


def bits_of(x: Float[Array, "*shape"]) -> Int32[Array, "*shape"]:
    """The bits of floats, as integers."""
    return lax.bitcast_convert_type(x, jnp.int32)


def float_of(bits: Int32[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The floats of such bits."""
    return lax.bitcast_convert_type(bits, jnp.float32)


def counted(x: Float[Array, "*shape"]) -> Int32[Array, "*shape"]:
    """Whole numbers, up to 2^22, as integers.

    A conversion would look for NaN and for what is too large, at several times the cost.
    """
    return bits_of(x + _MAGIC) - _MAGIC_BITS


def octaves(x: Float[Array, "*shape"]) -> tuple[Int32[Array, "*shape"], Float[Array, "*shape"]]:
    """The power of 2, an integer, next to a positive number; what `x` divided by it is above 1,
    exactly: from sqrt(1/2) - 1 to sqrt(2) - 1."""
    bits = bits_of(x)
    power = (bits - HALF_ROOT) >> 23
    return power, float_of(bits - (power << 23)) - 1


def less(
    x: Float[Array, "*shape"], times: Float[Array, "*shape"], parts: Sequence[float]
) -> Float[Array, "*shape"]:
    """`x` less a multiple of what the parts add up to."""
    for part in parts:
        x -= times * np.float32(part)
    return x


def polynomial(x: Float[Array, "*shape"], *coefficients: float) -> Float[Array, "*shape"]:
    """The polynomial, constant first, in pairs of terms (Estrin): few steps wait for each other."""
    terms: list[Any] = [np.float32(c) for c in coefficients]
    while len(terms) > 1:
        pairs = zip_longest(terms[::2], terms[1::2])
        terms = [low if high is None else high * x + low for low, high in pairs]
        x = x * x
    return terms[0]
