"""Found by the campaign quickstart, candidate 1415.

The rule (its result is subtracted from w):

    def quickstart(
        w, g,
        m=zeros, v=zeros,
        *, lr=0.0316227766016838, b1=0.86, b2=0.99848, eps=3.92e-9,
    ):
        m = interp(g, m, b1)
        v = interp(square(g), v, b2)
        u = m / 0.677 / (sqrt(v) + eps)
        return lr * u

Defaults: lr=0.0316227766016838, b1=0.86, b2=0.99848, eps=3.92e-9.
Canonical hash: 699382c7b4c95647.

Score 1.0525 +- 0.0249 over 8 fresh seeds on
quadratic (200 steps), digits (200 steps), chars (150 steps);
tuned adamw is 1, untrained is 0. Program 121e215d9a9e90fe, ledger dbd6084f8b085fc5.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax


class ScaleByQuickstartState(NamedTuple):
    """State of `scale_by_quickstart`."""

    count: Any  # steps taken, int32
    m: Any  # a tree like the parameters
    v: Any  # a tree like the parameters


def scale_by_quickstart(
    b1: float = 0.86, b2: float = 0.99848, eps: float = 3.92e-9
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
        return ScaleByQuickstartState(
            count=jnp.zeros((), jnp.int32),
            m=jax.tree.map(jnp.zeros_like, params),
            v=jax.tree.map(jnp.zeros_like, params),
        )

    def update(
        updates: Any, state: Any, params: Any = None, **extra_args: Any
    ) -> tuple[Any, ScaleByQuickstartState]:
        del params, extra_args
        count = optax.safe_increment(state.count)
        m = jax.tree.map(lambda g, m: (1 - b1) * g + b1 * m, updates, state.m)
        v = jax.tree.map(lambda g, v: (1 - b2) * jnp.square(g) + b2 * v, updates, state.v)
        u = jax.tree.map(lambda m, v: m / 0.677 / (jnp.sqrt(v) + eps), m, v)
        new_state = ScaleByQuickstartState(
            count, optax.tree.cast_like(m, state.m), optax.tree.cast_like(v, state.v)
        )
        return optax.tree.cast_like(u, updates), new_state

    return optax.GradientTransformationExtraArgs(init, update)


def quickstart(
    learning_rate: optax.ScalarOrSchedule = 0.0316227766016838,
    b1: float = 0.86,
    b2: float = 0.99848,
    eps: float = 3.92e-9,
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
