"""The inverse hyperbolic sine."""

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from dsl.run.float32.parts import LN2, LOGARITHM, less, octaves, polynomial

_SQUARES = 1e3
"""For larger `x`, 1 is lost in `x^2 + 1`, and from 1e19 on the square is infinite."""


def arcsinh(x: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    """The inverse hyperbolic sine."""
    size = jnp.abs(x)
    z = x * x
    slope = (2.0122003309e-2 * z - 4.2699340972e-2) * z + 7.4847586088e-2
    near = size + size * z * (slope * z - 1.6666288134e-1)
    large = size > _SQUARES
    far = _log(jnp.where(large, size, size + jnp.sqrt(z + 1)), large.astype(x.dtype))
    return jnp.copysign(jnp.where(size < 0.5, near, far), x)


def _log(x: Array, doublings: Array) -> Array:
    """The logarithm of `x * 2 ** doublings`, for `x` from 1.6 on."""
    power, above = octaves(x)
    made = above + above * above * (above * polynomial(above, *LOGARITHM) - 0.5)
    made = -less(-made, power.astype(x.dtype) + doublings, LN2[::-1])
    return jnp.where(x < np.inf, made, x)
