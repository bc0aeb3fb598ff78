"""`jax.numpy` as engines apply it: on a CPU with functions of its own for float32."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from dsl.machine import float32

OWN: dict[str, Callable[[Array], Array]] = {
    function.__name__: function
    for function in (
        float32.cbrt,
        float32.sin,
        float32.cos,
        float32.tan,
        float32.arcsin,
        float32.arccos,
        float32.arctan,
        float32.sinh,
        float32.cosh,
        float32.tanh,
        float32.arcsinh,
        float32.expm1,
    )
}
"""What XLA is slow at."""


class Namespace:
    """Everything in `jax.numpy`; what is in `OWN` computed as there for float32 on a CPU."""

    def __getattr__(self, name: str) -> Any:
        given = getattr(jnp, name)
        if name not in OWN or jax.default_backend() != "cpu":
            return given

        def chosen(x: Any) -> Array:
            x = jnp.asarray(x)
            return OWN[name](x) if x.dtype == jnp.float32 else given(x)

        return chosen


NAMESPACE = Namespace()
