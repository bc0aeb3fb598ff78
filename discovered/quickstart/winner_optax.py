"""Found by the campaign quickstart, candidate 1125.

The rule (its result is subtracted from w):

    def quickstart(
        w, g,
        m=zeros, v=const(1.07e-8), top=zeros, last=zeros,
        *, lr=1e-3, b1=0.9165, b2=0.999699,
    ):
        m = interp(g, m, b1)
        x0 = square(g)
        v = interp(x0, v, b2)
        top = maximum(top, v)
        x1 = m / sqrt(top)
        step = interp(x1, last, -1)
        last = x1
        return lr * (x0 + b1 * step)

Defaults: lr=1e-3, b1=0.9165, b2=0.999699.
Canonical hash: 39522ecef2a60070.

Score 1.1041 +- 0.0285 over 8 fresh seeds on
quadratic (200 steps), digits (200 steps), chars (150 steps);
tuned adamw is 1, untrained is 0. Program 1007ca8df37c482e, ledger 2a08cf15ea3c81de.
In terms of known rules: nearest optimistic_amsgrad, 0.11.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax


def _positive(value: float, dtype: Any) -> Any:
    """The value, or the least positive number of a dtype in which it would be 0."""
    return max(value, float(jnp.finfo(dtype).smallest_subnormal))


def _wide(tree: Any) -> Any:
    """A tree whose leaves in half precision are in float32."""
    half = (jnp.float16, jnp.bfloat16)
    return jax.tree.map(lambda x: x.astype(jnp.float32) if x.dtype in half else x, tree)


class ScaleByQuickstartState(NamedTuple):
    """State of `scale_by_quickstart`."""

    count: Any  # steps taken, int32
    m: Any  # a tree like the parameters
    v: Any  # a tree like the parameters
    top: Any  # a tree like the parameters
    last: Any  # a tree like the parameters


def scale_by_quickstart(
    b1: float = 0.9165, b2: float = 0.999699, mu_dtype: Any = None
) -> optax.GradientTransformationExtraArgs:
    """Quickstart, before the learning rate; the formula heads this file.

    Args:
        b1: decay of the first average or momentum.
        b2: decay of the second average.
        mu_dtype: the dtype of the average `m` of the gradient; that of the parameters by default.

    Returns:
        An `optax.GradientTransformationExtraArgs`.
    """

    def init(params: Any) -> ScaleByQuickstartState:
        if any(map(jnp.iscomplexobj, jax.tree.leaves(params))):
            raise ValueError("scale_by_quickstart does not support complex parameters")
        return ScaleByQuickstartState(
            count=jnp.zeros((), jnp.int32),
            m=jax.tree.map(lambda w: jnp.zeros_like(w, mu_dtype), params),
            v=jax.tree.map(lambda w: jnp.full_like(w, _positive(1.07e-8, w.dtype)), params),
            top=jax.tree.map(jnp.zeros_like, params),
            last=jax.tree.map(jnp.zeros_like, params),
        )

    def update(
        updates: Any, state: Any, params: Any = None, **extra_args: Any
    ) -> tuple[Any, ScaleByQuickstartState]:
        del params, extra_args
        count = optax.safe_increment(state.count)
        given, kept = updates, state
        updates, state = _wide((updates, state))
        m = jax.tree.map(lambda g, m: (1 - b1) * g + b1 * m, updates, state.m)
        x0 = jax.tree.map(jnp.square, updates)
        v = jax.tree.map(lambda x0, v: (1 - b2) * x0 + b2 * v, x0, state.v)
        top = jax.tree.map(jnp.maximum, state.top, v)
        last = jax.tree.map(lambda m, top: m / jnp.sqrt(top), m, top)
        step = jax.tree.map(
            lambda last, last_prev: (1 - -1) * last + -1 * last_prev, last, state.last
        )
        step_2 = jax.tree.map(lambda x0, step: x0 + b1 * step, x0, step)
        new_state = ScaleByQuickstartState(
            count,
            optax.tree.cast_like(m, kept.m),
            optax.tree.cast_like(v, kept.v),
            optax.tree.cast_like(top, kept.top),
            optax.tree.cast_like(last, kept.last),
        )
        return optax.tree.cast_like(step_2, given), new_state

    return optax.GradientTransformationExtraArgs(init, update)


def quickstart(
    learning_rate: optax.ScalarOrSchedule = 1e-3,
    b1: float = 0.9165,
    b2: float = 0.999699,
    mu_dtype: Any = None,
) -> optax.GradientTransformationExtraArgs:
    """Quickstart: `scale_by_quickstart` scaled by the learning rate.

    Args:
        learning_rate: learning rate, a number or a schedule of the steps taken.
        b1: decay of the first average or momentum.
        b2: decay of the second average.
        mu_dtype: the dtype of the average `m` of the gradient; that of the parameters by default.

    Returns:
        An `optax.GradientTransformationExtraArgs`.
    """
    return optax.chain(
        scale_by_quickstart(b1=b1, b2=b2, mu_dtype=mu_dtype),
        optax.scale_by_learning_rate(learning_rate),
    )
