"""Found by the campaign quickstart, candidate 707.

The rule (its result is subtracted from w):

    def quickstart(w, g, m=zeros, v=zeros, *, lr=6e-3, b1=0.9, b2=0.9995, eps=1e-8):
        m = interp(g, m, b1)
        v = interp(square(g), v, b2)
        return interp(g, lr * m, b2) / (sqrt(v) + eps)

Defaults: lr=6e-3, b1=0.9, b2=0.9995, eps=1e-8.
Canonical hash: c4695920b16d500c.

Score 1.1010 +- 0.0313 over 8 fresh seeds on
quadratic (200 steps), digits (200 steps), chars (150 steps);
tuned adamw is 1, untrained is 0. Program c4695920b16d500c, ledger 3da50d7c82197832.
In terms of known rules: nearest optimistic_amsgrad, 0.04.
Reduced from 9 statements and 2 slots to 8 statements and 2 slots with no harm seen:
+0.001 [-0.004, +0.006] over 8 fresh seeds.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax


def _wide(tree: Any) -> Any:
    """A tree whose leaves in half precision are in float32."""
    half = (jnp.float16, jnp.bfloat16)
    return jax.tree.map(lambda x: x.astype(jnp.float32) if x.dtype in half else x, tree)


class QuickstartState(NamedTuple):
    """State of `quickstart`."""

    count: Any  # steps taken, int32
    m: Any  # a tree like the parameters
    v: Any  # a tree like the parameters


def quickstart(
    learning_rate: optax.ScalarOrSchedule = 6e-3,
    b1: float = 0.9,
    b2: float = 0.9995,
    eps: float = 1e-8,
    mu_dtype: Any = None,
) -> optax.GradientTransformationExtraArgs:
    """Quickstart, the whole rule; the formula heads this file.

    Args:
        learning_rate: learning rate, a number or a schedule of the steps taken.
        b1: decay of the first average or momentum.
        b2: decay of the second average.
        eps: keeps a denominator from zero.
        mu_dtype: the dtype of the average `m` of the gradient; that of the parameters by default.

    Returns:
        An `optax.GradientTransformationExtraArgs`.
    """

    def init(params: Any) -> QuickstartState:
        if any(map(jnp.iscomplexobj, jax.tree.leaves(params))):
            raise ValueError("quickstart does not support complex parameters")
        return QuickstartState(
            count=jnp.zeros((), jnp.int32),
            m=jax.tree.map(lambda w: jnp.zeros_like(w, mu_dtype), params),
            v=jax.tree.map(jnp.zeros_like, params),
        )

    def update(
        updates: Any, state: Any, params: Any = None, **extra_args: Any
    ) -> tuple[Any, QuickstartState]:
        del params, extra_args
        count = optax.safe_increment(state.count)
        given, kept = updates, state
        updates, state = _wide((updates, state))
        dtype = jnp.result_type(jnp.float32, *jax.tree.leaves(updates))
        lr: Any = learning_rate
        if callable(learning_rate):
            lr = jnp.asarray(learning_rate(state.count), dtype)
        m = jax.tree.map(lambda g, m: (1 - b1) * g + b1 * m, updates, state.m)
        v = jax.tree.map(lambda g, v: (1 - b2) * jnp.square(g) + b2 * v, updates, state.v)
        step = jax.tree.map(
            lambda g, m, v: ((1 - b2) * g + b2 * (lr * m)) / (jnp.sqrt(v) + eps), updates, m, v
        )
        moves = jax.tree.map(jnp.negative, step)
        new_state = QuickstartState(
            count, optax.tree.cast_like(m, kept.m), optax.tree.cast_like(v, kept.v)
        )
        return optax.tree.cast_like(moves, given), new_state

    return optax.GradientTransformationExtraArgs(init, update)
