"""How an Optax file draws noise and asks oracles: calls, and the functions behind them."""

import inspect
from collections.abc import Sequence

from dsl.language.oracle import Oracle

NOISE = '''
def _noise(
    sample: Callable[..., jax.Array], key: jax.Array, count: jax.Array, stream: Any, like: Any
) -> Any:
    """Random numbers shaped like `like`; a stream is the same however often a step reads it."""
    key = jax.random.fold_in(key, count)
    key = jax.random.fold_in(key, jnp.rint(jnp.asarray(stream)).astype(jnp.int32))
    leaves, treedef = jax.tree.flatten(like)
    keys = jax.random.split(key, len(leaves))
    draws = [sample(k, leaf.shape, leaf.dtype) for k, leaf in zip(keys, leaves, strict=True)]
    return jax.tree.unflatten(treedef, draws)
'''
"""What draws like the engines do."""

_READS = {"params": "params", "key": "state.key", "count": "state.count"}
"""What the context of an oracle is called in `update`."""


def noise(draw: str, stream: str) -> str:
    """The call of `NOISE`."""
    return f"_noise(jax.random.{draw}, state.key, state.count, {stream}, updates)"


def question(oracle: Oracle, args: Sequence[str]) -> str:
    """The call of an oracle's function."""
    context = (_READS[name] for name in oracle.context)
    return f"{oracle.jax.__name__}({', '.join([oracle.asks.argument, *context, *args])})"


def function(oracle: Oracle) -> str:
    """The text of an oracle's function."""
    return inspect.getsource(oracle.jax).rstrip("\n")
