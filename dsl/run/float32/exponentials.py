"""Hyperbolic functions and the exponential less one."""

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from dsl.run.float32.parts import EXPONENTIAL, HALF, LN2, counted, float_of, less, polynomial

_FLAT_BEYOND = 9.02
"""The hyperbolic tangent differs from 1 by less than a rounding from here on."""

_LEAST = np.float32(-86)
"""The exponential is below a rounding of 1, and its power of 2 a normal float."""


def sinh(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The hyperbolic sine, from a multiple of the logarithm of 2 and the rest of `x`."""
    (cosh_left, sinh_left), (cosh_most, sinh_most) = _hyperbolic(x)
    return jnp.copysign(sinh_most * cosh_left + cosh_most * sinh_left, x)


def cosh(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The hyperbolic cosine."""
    (cosh_left, sinh_left), (cosh_most, sinh_most) = _hyperbolic(x)
    return cosh_most * cosh_left + sinh_most * sinh_left


def _hyperbolic(x: Array) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """Cosine and sine of the rest of |x| beyond a multiple of the logarithm of 2, and of that
    multiple."""
    left, up, power = _octaves(jnp.abs(x))
    down = float_of(jnp.maximum(HALF - power, 0))
    z = left * left
    cosine = polynomial(z, 1.0, 1 / 2, 1 / 24, 1 / 720, 1 / 40320)
    sine = polynomial(z, 1 / 6, 1 / 120, 1 / 5040)
    return (cosine, left + left * z * sine), (up + down, up - down)


def _octaves(x: Array) -> tuple[Array, Array, Array]:
    """The rest of `x`, from -87 on, beyond a multiple, 128 at most, of the logarithm of 2; half
    of that power of 2; the number that the power adds to the bits of a float."""
    octaves = x * np.float32(1 / np.log(2))
    octaves = jnp.round(jnp.where(octaves < 128, octaves, 128))
    power = counted(octaves) << 23
    return less(x, octaves, LN2), float_of(HALF + power), power


def tanh(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The hyperbolic tangent: a rational function, fitted to the smallest relative error, that
    reaches 1 where the tangent does to rounding."""
    near = jnp.clip(x, -_FLAT_BEYOND, _FLAT_BEYOND)
    z = near * near
    above = ((1.33841003e-8 * z + 2.06356897e-5) * z + 3.49744982e-3) * z + 0.133826807
    below = ((7.79017258e-7 * z + 3.28850435e-4) * z + 2.58843313e-2) * z + 0.46716002
    return jnp.clip((near + near * z * above) / (1 + z * below), -1, 1)


def expm1(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """`exp(x) - 1`."""
    left, half, _ = _octaves(jnp.where(x < _LEAST, _LEAST, x))
    slope = polynomial(left, *EXPONENTIAL)
    made = half * (left + left * left * slope) + (half - 0.5)
    return jnp.copysign(made + made, x)
