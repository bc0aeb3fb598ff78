"""`jax.numpy` as engines apply it: functions that XLA computes entry by entry, written otherwise.

On a CPU an inverse tangent costs as much as forty additions and a cube root a hundred, since XLA
calls the C library for every entry. Through what it does compute in vectors they cost four to ten.
"""

from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

_STEEP, _FLAT = np.tan(3 * np.pi / 8), np.tan(np.pi / 8)
"""Where `arctan` is 3/8 and 1/8 of pi."""


class Namespace:
    """Everything in `jax.numpy`, with a cube root and inverse trigonometric functions of its own.

    They agree with those of `jax.numpy` to a few roundings in float32, infinities, NaN and signed
    zeros included; in other precisions they are those of `jax.numpy`, the cube root apart.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(jnp, name)

    @staticmethod
    def cbrt(x: Any) -> Array:
        """The cube root, to rounding.

        Zeros, infinities, NaN and numbers too small for a normal float stay what they are.
        """
        x = jnp.asarray(x)
        size = jnp.abs(x)
        plain = (size > 0) & jnp.isfinite(size)
        inner = jnp.where(plain, size, 1)
        root = jnp.exp(jnp.log(inner) / 3)
        root -= (root - inner / (root * root)) / 3
        return jnp.where(plain, jnp.sign(x) * root, x)

    @staticmethod
    def arctan(x: Any) -> Array:
        """The inverse tangent, from a polynomial between -tan(pi/8) and tan(pi/8) (Moshier, Cephes
        Mathematical Library, `atanf`)."""
        x = jnp.asarray(x)
        if x.dtype != jnp.float32:
            return jnp.arctan(x)
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

    @classmethod
    def arcsin(cls, x: Any) -> Array:
        """The inverse sine: the angle whose tangent is x / sqrt(1 - x^2)."""
        x = jnp.asarray(x)
        if x.dtype != jnp.float32:
            return jnp.arcsin(x)
        return cls.arctan(x / jnp.sqrt((1 - x) * (1 + x)))

    @classmethod
    def arccos(cls, x: Any) -> Array:
        """The inverse cosine: twice the angle whose tangent is sqrt((1 - x) / (1 + x))."""
        x = jnp.asarray(x)
        if x.dtype != jnp.float32:
            return jnp.arccos(x)
        return 2 * cls.arctan(jnp.sqrt((1 - x) / (1 + x)))

    @staticmethod
    def tan(x: Any) -> Array:
        """The tangent, as a quotient."""
        x = jnp.asarray(x)
        return jnp.tan(x) if x.dtype != jnp.float32 else jnp.sin(x) / jnp.cos(x)


NAMESPACE = Namespace()
