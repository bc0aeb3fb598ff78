"""The step of a program under JAX: noise from a key, oracles by differentiation."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Int, Key

from dsl.errors import DslError
from dsl.language.oracle import Source
from dsl.language.registry import Primitive
from dsl.run.values import Value


class JaxStep:
    """Implements `dsl.run.interpret.StepServices` at the parameters `leaves`, a list of arrays.

    The draw of stream `s` (rounded to a whole number) at step `count` (0-based) uses
    `fold_in(fold_in(key, count), s)`, split into one key per parameter tensor.

    **Arguments:** `tree`: the structure of the parameters as the caller holds them. `key`: None if
    the program draws no noise. `given`: the caller's functions of parameters, by the argument that
    a source is handed over as.
    """

    def __init__(
        self,
        tree: Any,
        leaves: list[Any],
        key: Key[Array, ""] | None,
        count: Int[Array, ""] | int,
        given: Mapping[str, Any],
    ):
        self.tree = tree
        self.leaves = leaves
        self.key = key
        self.count = count
        self.given = given

    def noise(self, draw: str, stream: Any, like: list[Any] | None = None) -> list[Any]:
        sample = {"rademacher": jax.random.rademacher, "normal": jax.random.normal}[draw]
        leaves = self.leaves if like is None else like
        assert self.key is not None
        key = jax.random.fold_in(self.key, self.count)
        key = jax.random.fold_in(key, jnp.rint(jnp.asarray(stream)).astype(jnp.int32))
        keys = jax.random.split(key, len(leaves))
        return [sample(k, leaf.shape, leaf.dtype) for k, leaf in zip(keys, leaves, strict=True)]

    def ask(self, oracle: Primitive, *args: Any) -> Any:
        assert oracle.oracle is not None
        own = {"params": self.leaves, "key": self.key, "count": self.count}
        context = (own[name] for name in oracle.oracle.context)
        return oracle.oracle.jax(self.function(oracle.oracle.asks), *context, *args)

    def function(self, source: Source) -> Callable[..., Any]:
        """The caller's function, of leaves; DslError, which says what is needed, without one."""
        function = self.given.get(source.argument)
        if function is None:
            raise DslError(
                f"the program asks for {source.holds}",
                help=f"call update(grads, state, params, {source.argument}={source.example})",
            )
        return lambda leaves, *rest: function(jax.tree.unflatten(self.tree, leaves), *rest)


def jax_choose(flag: Any, new: Callable[[], Value], old: Callable[[], Value]) -> Value:
    """`new()` or `old()` by a Global; a flag known while tracing traces one branch only."""
    if isinstance(flag, float):
        return new() if flag != 0 else old()
    return jax.lax.cond(flag != 0, new, old)
