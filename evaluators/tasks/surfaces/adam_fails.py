"""The problem on which Adam goes the wrong way: rare steep slopes against frequent gentle ones.

Each coordinate has, in one example of 24, the slope 24, and -1 in the others: on average it falls
towards -1. A rule that divides by a short memory of squared gradients takes the rare step at its
smallest and the frequent ones at their largest: Adam with the paper's b2 of 0.99 climbs to +1 at
any rate. With a memory of many periods, or with none, it goes down.

**Source:** Reddi, Kale, Kumar, "On the Convergence of Adam and Beyond" (2018), section 3:
the stochastic problem of theorem 3, drawn without replacement. Walls of finite stiffness stand for
the projection onto [-1, 1]: the loss is differentiable and has its minimum just behind one of them.
"""

import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.data.examples import DataSet
from evaluators.registry import register
from evaluators.task import Params
from evaluators.tasks._examples import on_examples

SIZE, PERIOD = 24, 24
STEEP, GENTLE = 24.0, -1.0
SLOPE = (STEEP + GENTLE * (PERIOD - 1)) / PERIOD
"""The mean of a coordinate's slopes."""
WALL = 5.0


def _load() -> tuple[np.ndarray, np.ndarray]:
    """Slopes float32 [examples, size], each coordinate's steep one at a place of its own; for
    validation the average."""
    rng = np.random.Generator(np.random.PCG64(6))
    slopes = np.full((PERIOD, SIZE), GENTLE, np.float32)
    slopes[rng.permutation(PERIOD)[:SIZE], np.arange(SIZE)] = STEEP
    return slopes, np.full((1, SIZE), SLOPE, np.float32)


def _init(rng: np.random.Generator) -> Params:
    return {"x": rng.normal(0, 0.1, SIZE).astype(np.float32)}


def _mean_loss(params: Params, slopes: Array) -> Array:
    """Height above -1 on the slopes, and the walls."""
    x = params["x"]
    line = jnp.mean(slopes * (x + 1)[None])
    return line + WALL * jnp.mean(jnp.maximum(jnp.abs(x) - 1, 0) ** 2)


register(
    on_examples(
        DataSet("rare_slopes", _load),
        _mean_loss,
        batch=1,
        name="adam_fails",
        summary=f"Adam's counter-example: lines ({SIZE} parameters) whose steep slopes are rare",
        model="line_between_walls",
        horizon=2000,
        init=_init,
        untrained=SLOPE,
        floor=-(SLOPE**2) / (4 * WALL),
        floor_from="exact: the lowest point, just behind a wall",
    )
)
