"""Found by the campaign quickstart, candidate 1398.

The rule (its result is subtracted from w):

    def quickstart(
        w, g,
        m=zeros, v=zeros, s0=zeros,
        *, lr=0.0316227766016838, b1=0.791, b2=0.999395, eps=2.58e-10,
    ):
        s0 = interp(m, s0, 0.789)
        m = interp(g, s0, b1)
        v = interp(square(g), v, b2)
        u = m / b1 / (sqrt(v) + eps)
        return lr * (u + s0)

Defaults: lr=0.0316227766016838, b1=0.791, b2=0.999395, eps=2.58e-10.
Canonical hash: beee3a3cac8a1c8b.

Score 1.1051 +- 0.0256 over 8 fresh seeds on
quadratic (200 steps), digits (200 steps), chars (150 steps);
tuned adamw is 1, untrained is 0. Program beee3a3cac8a1c8b, ledger 03c407c47bedd30c.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax


def _wide(tree: Any) -> Any:
    """A tree whose leaves in half precision are in float32."""
    half = (jnp.float16, jnp.bfloat16)
    return jax.tree.map(lambda x: x.astype(jnp.float32) if x.dtype in half else x, tree)


class ScaleByQuickstartState(NamedTuple):
    """State of `scale_by_quickstart`."""

    count: Any  # steps taken, int32
    m: Any  # a tree like the parameters
    v: Any  # a tree like the parameters
    s0: Any  # a tree like the parameters


def scale_by_quickstart(
    b1: float = 0.791, b2: float = 0.999395, eps: float = 2.58e-10
) -> optax.GradientTransformationExtraArgs:
    """Quickstart, before the learning rate; the formula heads this file.

    Args:
        b1: decay of the first average or momentum.
        b2: decay of the second average.
        eps: keeps a denominator from zero.

    Returns:
        An `optax.GradientTransformationExtraArgs`.
    """

    def init(params: Any) -> ScaleByQuickstartState:
        if any(map(jnp.iscomplexobj, jax.tree.leaves(params))):
            raise ValueError("scale_by_quickstart does not support complex parameters")
        return ScaleByQuickstartState(
            count=jnp.zeros((), jnp.int32),
            m=jax.tree.map(jnp.zeros_like, params),
            v=jax.tree.map(jnp.zeros_like, params),
            s0=jax.tree.map(jnp.zeros_like, params),
        )

    def update(
        updates: Any, state: Any, params: Any = None, **extra_args: Any
    ) -> tuple[Any, ScaleByQuickstartState]:
        del params, extra_args
        count = optax.safe_increment(state.count)
        given, kept = updates, state
        updates, state = _wide((updates, state))
        s0 = jax.tree.map(lambda m, s0: (1 - 0.789) * m + 0.789 * s0, state.m, state.s0)
        m = jax.tree.map(lambda g, s0: (1 - b1) * g + b1 * s0, updates, s0)
        v = jax.tree.map(lambda g, v: (1 - b2) * jnp.square(g) + b2 * v, updates, state.v)
        u = jax.tree.map(lambda m, v: m / b1 / (jnp.sqrt(v) + eps), m, v)
        step = jax.tree.map(lambda u, s0: u + s0, u, s0)
        new_state = ScaleByQuickstartState(
            count,
            optax.tree.cast_like(m, kept.m),
            optax.tree.cast_like(v, kept.v),
            optax.tree.cast_like(s0, kept.s0),
        )
        return optax.tree.cast_like(step, given), new_state

    return optax.GradientTransformationExtraArgs(init, update)


def quickstart(
    learning_rate: optax.ScalarOrSchedule = 0.0316227766016838,
    b1: float = 0.791,
    b2: float = 0.999395,
    eps: float = 2.58e-10,
) -> optax.GradientTransformationExtraArgs:
    """Quickstart: `scale_by_quickstart` scaled by the learning rate.

    Args:
        learning_rate: learning rate, a number or a schedule of the steps taken.
        b1: decay of the first average or momentum.
        b2: decay of the second average.
        eps: keeps a denominator from zero.

    Returns:
        An `optax.GradientTransformationExtraArgs`.
    """
    return optax.chain(
        scale_by_quickstart(b1=b1, b2=b2, eps=eps),
        optax.scale_by_learning_rate(learning_rate),
    )
