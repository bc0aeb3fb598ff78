"""`jax.numpy` as engines apply it: on a CPU with functions of its own for float32."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from dsl.run import float32

OWN: dict[str, Callable[..., Float[Array, "..."]]] = {
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
        float32.power,
    )
}
"""The functions that XLA computes slowly, in float32 on a CPU; `dsl.run.float32` has figures."""


class Namespace:
    """Everything in `jax.numpy`; what is in `OWN` as there for tensors of float32 on a CPU."""

    def __getattr__(self, name: str) -> Any:
        given = getattr(jnp, name)
        if name not in OWN or jax.default_backend() != "cpu":
            return given

        def chosen(*args: Any) -> Array:
            tensors = any(jnp.ndim(x) > 0 for x in args)
            if not tensors or jnp.result_type(*args) != jnp.float32:
                return given(*args)
            return OWN[name](*(jnp.asarray(x, jnp.float32) for x in args))

        return chosen


NAMESPACE = Namespace()
