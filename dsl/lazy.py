"""JAX and Optax under their usual names, imported when they are first used; flags for XLA.

    from dsl.lazy import jax, jnp, optax, ravel_pytree

Oracles are written with these names, as the files are that they are exported to, and a program is
declared, read, rewritten and exported without the second that importing JAX takes. A module with
annotations such as `jax.Array` begins with `from __future__ import annotations`, so that defining a
function does not count as a use.
"""

import importlib
from typing import TYPE_CHECKING, Any

XLA_FLAGS = ("--xla_backend_extra_options=xla_cpu_small_while_loop_byte_threshold=1000000000",)
"""Flags of XLA under which the machine (`dsl.run.machine`) is quick on a CPU: a loop of any size
that calls no library becomes one function of machine code. Otherwise an instruction takes about ten
times as long to start. They belong in the environment before JAX is first used, which is for the
program's owner to do (`evaluators.training.environment`); results do not depend on them."""

if TYPE_CHECKING:
    import jax
    import jax.numpy as jnp
    import optax
    from jax.flatten_util import ravel_pytree
else:

    class _Lazy:
        """A module that is imported when one of its names is read."""

        def __init__(self, module: str):
            self._module = module

        def __getattr__(self, name: str) -> Any:
            return getattr(importlib.import_module(self._module), name)

    jax, jnp, optax = map(_Lazy, ("jax", "jax.numpy", "optax"))

    def ravel_pytree(tree: Any) -> Any:
        return _Lazy("jax.flatten_util").ravel_pytree(tree)


__all__ = ["XLA_FLAGS", "jax", "jnp", "optax", "ravel_pytree"]
