"""A linear map of skewed inputs, learned as a product of three matrices.

The inputs are large along some directions and small along others, none of them a coordinate; the
map is the larger the smaller they are. So the product is ill-conditioned on one side, and each of
the matrices on both: by the inputs that reach it, and by the matrices that come after it.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float, Float32

from evaluators.data.examples import DataSet, Examples
from evaluators.registry import register
from evaluators.tasks import _layers as layers
from evaluators.tasks._losses import SQUARED_ERROR
from evaluators.tasks._supervised import matrices, supervised

SIZE, DEPTH = 32, 3
CONDITION = 300.0
"""Of the covariance of the inputs."""
EXAMPLES = 4096
NOISE = 0.05
"""Standard deviation of each target about the map, which has outputs of mean square 1."""


class Truth(NamedTuple):
    """The map, and how its inputs are spread."""

    map: Float32[np.ndarray, "outputs inputs"]
    root: Float32[np.ndarray, "inputs inputs"]
    """Times its transpose it is the covariance of the inputs."""


def _load() -> tuple[Examples, Truth]:
    rng = np.random.Generator(np.random.PCG64(34))
    basis, turn = (np.linalg.qr(rng.normal(size=(SIZE, SIZE)))[0] for _ in range(2))
    sizes = np.geomspace(1, CONDITION**-0.5, SIZE)
    root = basis * (sizes / np.sqrt(np.mean(sizes**2)))
    truth = (turn / np.sqrt(sizes)) @ basis.T
    truth /= np.sqrt(np.sum((truth @ root) ** 2) / SIZE)
    inputs = rng.normal(size=(EXAMPLES, SIZE)) @ root.T
    targets = inputs @ truth.T + rng.normal(0, NOISE, (EXAMPLES, SIZE))
    train = Examples(inputs.astype(np.float32), targets.astype(np.float32))
    return train, Truth(truth.astype(np.float32), root.astype(np.float32))


def _from_truth(weights: list[Float[Array, "_ _"]], truth: Truth) -> Float[Array, ""]:
    """The expected loss over fresh examples without noise, in closed form."""
    made = layers.apply_matrices(weights, jnp.asarray(truth.root.T), lambda x: x)
    return jnp.sum((made - (truth.map @ truth.root).T) ** 2) / SIZE


register(
    supervised(
        DataSet("skewed_map", _load),
        matrices("three_matrices", (SIZE,) * (DEPTH + 1), gain=0.6, last=0.6),
        SQUARED_ERROR,
        validation_loss=_from_truth,
        batch=8,
        irreducible=NOISE**2,
        name="skewed_map",
        summary=f"Product of {DEPTH} matrices ({DEPTH * SIZE**2:,} parameters) on a linear map of "
        "skewed inputs",
        horizon=300,
        floor=NOISE**2,
        floor_from="exact: the variance of the noise",
    )
)
