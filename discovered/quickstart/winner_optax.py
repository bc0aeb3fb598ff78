"""Found by the campaign quickstart, candidate 845.

The rule (its result is subtracted from w):

    def quickstart(
        w, g, t,
        m=zeros, v=zeros,
        *, lr=0.03162277660168379, b1=0.95, b2=0.999129, eps=2.32e-8, wd=0.226,
    ):
        m = interp(g, m, b1)
        x0 = interp(square(g), v, b2)
        x1 = m / (1.4 - b1 ** t)
        x2 = v + m
        x3 = x0 / lr
        x4 = cbrt(g)
        u = x1 / (sqrt(x3) + eps)
        v = x0
        return lr * (u + wd * (x4 - x2))

Defaults: lr=0.03162277660168379, b1=0.95, b2=0.999129, eps=2.32e-8, wd=0.226.
Canonical hash: c4671f7908d5d5ad.

Score 1.0710 +- 0.0296 over 8 fresh seeds on
quadratic (200 steps), digits (200 steps), chars (150 steps);
tuned adamw is 1, untrained is 0. Program c4671f7908d5d5ad, ledger cce772bca45d3e94.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax


class QuickstartState(NamedTuple):
    """State of `quickstart`."""

    count: Any  # steps taken, int32
    m: Any  # a tree like the parameters
    v: Any  # a tree like the parameters


def quickstart(
    learning_rate: optax.ScalarOrSchedule = 0.03162277660168379,
    b1: float = 0.95,
    b2: float = 0.999129,
    eps: float = 2.32e-8,
    weight_decay: float = 0.226,
) -> optax.GradientTransformationExtraArgs:
    """Quickstart, the whole rule; the formula heads this file.

    Args:
        learning_rate: the rate, a number or a schedule of the steps taken.
        b1: a constant of the rule, see the formula.
        b2: a constant of the rule, see the formula.
        eps: a small number that keeps a denominator from zero.
        weight_decay: the strength of the weight decay.

    Returns:
        An `optax.GradientTransformationExtraArgs`.
    """

    def init(params: Any) -> QuickstartState:
        return QuickstartState(
            count=jnp.zeros((), jnp.int32),
            m=jax.tree.map(jnp.zeros_like, params),
            v=jax.tree.map(jnp.zeros_like, params),
        )

    def update(
        updates: Any, state: Any, params: Any = None, **extra_args: Any
    ) -> tuple[Any, QuickstartState]:
        del params, extra_args
        count = optax.safe_increment(state.count)
        dtype = jnp.result_type(jnp.float32, *jax.tree.leaves(updates))
        t = jnp.asarray(count, dtype)
        lr: Any = learning_rate
        if callable(learning_rate):
            lr = jnp.asarray(learning_rate(state.count), dtype)
        m = jax.tree.map(lambda g, m: (1 - b1) * g + b1 * m, updates, state.m)
        v = jax.tree.map(lambda g, v: (1 - b2) * jnp.square(g) + b2 * v, updates, state.v)
        u = jax.tree.map(lambda m, v: m / (1.4 - b1**t) / (jnp.sqrt(v / lr) + eps), m, v)
        step = jax.tree.map(
            lambda u, g, v, m: lr * (u + weight_decay * (jnp.cbrt(g) - (v + m))),
            u,
            updates,
            state.v,
            m,
        )
        moves = jax.tree.map(jnp.negative, step)
        new_state = QuickstartState(
            count, optax.tree.cast_like(m, state.m), optax.tree.cast_like(v, state.v)
        )
        return optax.tree.cast_like(moves, updates), new_state

    return optax.GradientTransformationExtraArgs(init, update)
