"""A linear map learned as a product of matrices: convex in the product, saddles in the factors."""

import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.data.examples import DataSet, Examples
from evaluators.registry import register
from evaluators.task import Params
from evaluators.tasks._losses import SQUARED_ERROR
from evaluators.tasks._supervised import Model, supervised

SIZE, DEPTH = 16, 4
EXAMPLES = 2048
NOISE = 0.2
"""Standard deviation of each target about the map."""


def _load() -> tuple[Examples, np.ndarray]:
    """`Examples` of a map with singular values from 2 to 0.1; for validation the map itself."""
    rng = np.random.Generator(np.random.PCG64(5))
    left, right = (np.linalg.qr(rng.normal(size=(SIZE, SIZE)))[0] for _ in range(2))
    teacher = (left * np.geomspace(2, 0.1, SIZE)) @ right.T
    inputs = rng.normal(size=(EXAMPLES, SIZE))
    targets = inputs @ teacher + rng.normal(0, NOISE, (EXAMPLES, SIZE))
    train = Examples(inputs.astype(np.float32), targets.astype(np.float32))
    return train, teacher.astype(np.float32)


def _init(rng: np.random.Generator) -> Params:
    """Factors of two thirds of the gain that would keep the size of what goes through."""
    return {"w": rng.normal(0, 0.65 / np.sqrt(SIZE), (DEPTH, SIZE, SIZE)).astype(np.float32)}


def _through(params: Params, x: Array) -> Array:
    for layer in range(DEPTH):
        x = x @ params["w"][layer]
    return x


def _from_teacher(params: Params, teacher: Array) -> Array:
    """The expected loss over fresh examples without noise, in closed form."""
    apart = _through(params, jnp.eye(SIZE, dtype=teacher.dtype)) - teacher
    return jnp.sum(apart**2) / SIZE


register(
    supervised(
        DataSet("linear_map", _load),
        Model("deep_linear", _init, _through),
        SQUARED_ERROR,
        validation_loss=_from_teacher,
        batch=16,
        irreducible=NOISE**2,
        name="deep_linear",
        summary=f"Product of {DEPTH} matrices ({DEPTH * SIZE**2:,} parameters) on a noisy linear "
        "map of many scales",
        horizon=300,
        floor=NOISE**2,
        floor_from="exact: the variance of the noise",
    )
)
