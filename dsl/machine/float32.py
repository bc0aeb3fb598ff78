"""Functions of float32 arrays that XLA computes entry by entry on a CPU, written otherwise.

A sine costs there as much as twenty additions and a cube root ten, since XLA calls the C library
for every entry. Through polynomials, and what XLA does compute in vectors, they cost two to four.
They agree with correctly rounded ones to a few roundings, infinities, NaN and signed zeros
included. Polynomials are those of the Cephes Mathematical Library (Moshier), but for the quotient
of `tanh`.
"""

from collections.abc import Callable

import jax.numpy as jnp
import numpy as np
from jax import Array, lax

_STEEP, _FLAT = np.tan(3 * np.pi / 8), np.tan(np.pi / 8)
"""Where `arctan` is 3/8 and 1/8 of pi."""

_EIGHTH = (0.78515625, 2.4187564849853516e-4, 3.7747668102383614e-8, 1.2816720757972595e-12)
"""A quarter of pi in four parts; multiples of the first three, up to 2^13, are exact."""

_TURNS = 8192.0
"""Up to here an angle is brought near to zero with those parts."""

_SQUARES = 1e3
"""Above its inverse hyperbolic sine the one under the root of `x^2 + 1` is lost, and below 1e19
the square is finite."""

_FLAT_BEYOND = 9.02
"""The hyperbolic tangent differs from 1 by less than a rounding from here on."""

_LITTLE = np.log(2) / 2
"""Up to here the polynomial of an exponential is taken without its one."""

_THIRD = np.int32(709958130)
"""What a third of the bits of a float lacks to be those of about its cube root (Kahan)."""

_TINY = np.finfo(np.float32).tiny


def cbrt(x: Array) -> Array:
    """The cube root. Numbers too small for a normal float stay what they are."""
    size = jnp.abs(x)
    plain = (size >= _TINY) & jnp.isfinite(size)
    inner = jnp.where(plain, size, 1)
    root = lax.bitcast_convert_type(
        lax.div(lax.bitcast_convert_type(inner, jnp.int32), np.int32(3)) + _THIRD, jnp.float32
    )
    for _ in range(2):  # Halley's steps: 4e-2, 2e-5, rounding
        wanted = inner / (root * root)
        root += root * ((wanted - root) / (2 * root + wanted))
    return jnp.where(plain, jnp.copysign(root, x), x)


def sin(x: Array) -> Array:
    """The sine."""
    return _of_angles(_sin, jnp.sin, x)


def cos(x: Array) -> Array:
    """The cosine."""
    return _of_angles(_cos, jnp.cos, x)


def tan(x: Array) -> Array:
    """The tangent."""
    return _of_angles(_tan, jnp.tan, x)


def _of_angles(near: Callable[[Array], Array], beyond: Callable[[Array], Array], x: Array) -> Array:
    """`near` where all angles are such as it can take, `beyond` of all otherwise."""
    largest = jnp.abs(x)
    while largest.shape and largest.shape[-1] % 2 == 0:  # halves against each other, in vectors
        half = largest.shape[-1] // 2
        largest = jnp.maximum(largest[..., :half], largest[..., half:])
    return lax.cond(jnp.max(largest, initial=0) < _TURNS, near, beyond, x)


def _sin(x: Array) -> Array:
    eighths, sine, cosine = _in_a_quarter(x)
    made = jnp.where((eighths & 2) != 0, cosine, sine)
    return jnp.where(((eighths & 4) != 0) ^ jnp.signbit(x), -made, made)


def _cos(x: Array) -> Array:
    eighths, sine, cosine = _in_a_quarter(x)
    made = jnp.where((eighths & 2) != 0, sine, cosine)
    return jnp.where(((eighths + 2) & 4) != 0, -made, made)


def _tan(x: Array) -> Array:
    eighths, sine, cosine = _in_a_quarter(x)
    turned = (eighths & 2) != 0
    made = jnp.where(turned, cosine, sine) / jnp.where(turned, -sine, cosine)
    return jnp.where(jnp.signbit(x), -made, made)


def _in_a_quarter(x: Array) -> tuple[Array, Array, Array]:
    """How many eighths of a turn, an even number, lie between |x| and an angle within an eighth
    from zero; the sine and the cosine of that angle."""
    size = jnp.abs(x)
    eighths = ((size * np.float32(4 / np.pi)).astype(jnp.int32) + 1) & ~1
    angle = size
    for part in _EIGHTH:
        angle -= eighths.astype(x.dtype) * part
    z = angle * angle
    sine = (-1.9515295891e-4 * z + 8.3321608736e-3) * z - 1.6666654611e-1
    cosine = (2.443315711809948e-5 * z - 1.388731625493765e-3) * z + 4.166664568298827e-2
    return eighths, angle + angle * z * sine, cosine * z * z - 0.5 * z + 1


def arctan(x: Array) -> Array:
    """The inverse tangent, from a polynomial between -tan(pi/8) and tan(pi/8)."""
    size = jnp.abs(x)
    steep, middle = size > _STEEP, size > _FLAT
    above = jnp.where(steep, -1, jnp.where(middle, size - 1, size))
    below = jnp.where(steep, size, jnp.where(middle, size + 1, 1))
    turned = above / below
    z = turned * turned
    slope = ((8.05374449538e-2 * z - 1.38776856032e-1) * z + 1.99777106478e-1) * z
    near = turned + turned * z * (slope - 3.33329491539e-1)
    base = jnp.where(steep, np.pi / 2, jnp.where(middle, np.pi / 4, 0))
    return jnp.copysign(base.astype(x.dtype) + near, x)


def arcsin(x: Array) -> Array:
    """The inverse sine: the angle whose tangent is x / sqrt(1 - x^2)."""
    return arctan(x / jnp.sqrt((1 - x) * (1 + x)))


def arccos(x: Array) -> Array:
    """The inverse cosine: twice the angle whose tangent is sqrt((1 - x) / (1 + x))."""
    return 2 * arctan(jnp.sqrt((1 - x) / (1 + x)))


def sinh(x: Array) -> Array:
    """The hyperbolic sine."""
    size = jnp.abs(x)
    z = x * x
    slope = (2.03721912945e-4 * z + 8.33028376239e-3) * z + 1.66667160211e-1
    root = jnp.exp(size / 2)  # its square would be infinite too soon
    half = root / 2 * root
    return jnp.copysign(jnp.where(size < 1, size + size * z * slope, half - 0.25 / half), x)


def cosh(x: Array) -> Array:
    """The hyperbolic cosine."""
    root = jnp.exp(jnp.abs(x) / 2)  # its square would be infinite too soon
    half = root / 2 * root
    return half + 0.25 / half


def tanh(x: Array) -> Array:
    """The hyperbolic tangent: a rational function, fitted to the smallest relative error, that
    reaches 1 where the tangent does to rounding."""
    near = jnp.clip(x, -_FLAT_BEYOND, _FLAT_BEYOND)
    z = near * near
    above = ((1.33841003e-8 * z + 2.06356897e-5) * z + 3.49744982e-3) * z + 0.133826807
    below = ((7.79017258e-7 * z + 3.28850435e-4) * z + 2.58843313e-2) * z + 0.46716002
    return jnp.clip((near + near * z * above) / (1 + z * below), -1, 1)


def expm1(x: Array) -> Array:
    """`exp(x) - 1`."""
    slope = (1.9875691500e-4 * x + 1.3981999507e-3) * x + 8.3334519073e-3
    slope = ((slope * x + 4.1665795894e-2) * x + 1.6666665459e-1) * x + 5.0000001201e-1
    return jnp.where(jnp.abs(x) < _LITTLE, x * (1 + x * slope), jnp.exp(x) - 1)


def arcsinh(x: Array) -> Array:
    """The inverse hyperbolic sine."""
    size = jnp.abs(x)
    z = x * x
    slope = (2.0122003309e-2 * z - 4.2699340972e-2) * z + 7.4847586088e-2
    near = size + size * z * (slope * z - 1.6666288134e-1)
    large = size > _SQUARES
    logarithm = jnp.log(jnp.where(large, size, size + jnp.sqrt(z + 1)))
    far = logarithm + jnp.where(large, np.log(2), 0).astype(x.dtype)
    return jnp.copysign(jnp.where(size < 0.5, near, far), x)
