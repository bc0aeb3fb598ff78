"""The inverses of sine, cosine and tangent."""

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from dsl.run.float32.parts import polynomial

_STEEP, _FLAT = np.tan(3 * np.pi / 8), np.tan(np.pi / 8)
"""Where `arctan` is 3/8 and 1/8 of pi."""


def arctan(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
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


def arcsin(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The inverse sine."""
    angle, doubled = _arcsin(jnp.abs(x))
    return jnp.copysign(jnp.where(doubled, np.float32(np.pi / 2) - 2 * angle, angle), x)


def arccos(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The inverse cosine."""
    angle, doubled = _arcsin(jnp.abs(x))
    steep = jnp.where(x < 0, np.float32(np.pi) - 2 * angle, 2 * angle)
    return jnp.where(doubled, steep, np.float32(np.pi / 2) - jnp.copysign(angle, x))


def _arcsin(size: Array) -> tuple[Array, Array]:
    """The inverse sine of a number up to 1/2; of a larger one, half of what it lacks to a quarter
    of a turn, through the half angle's sine. Which of both it is."""
    doubled = size > 0.5
    z = jnp.where(doubled, (1 - size) / 2, size * size)
    sine = jnp.where(doubled, jnp.sqrt(z), size)
    slope = polynomial(z, 0.166667525, 7.49529764e-2, 4.54703767e-2, 2.41795091e-2, 4.21663203e-2)
    return sine + sine * z * slope, doubled
