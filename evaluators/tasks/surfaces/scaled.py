"""Axis-aligned quadratics whose parameters are measured in very different units.

Every coordinate contributes the same to the loss, and the optimum of each is as far away as its
curvature is flat: one rate for all of them serves none.
"""

import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.data.examples import DataSet
from evaluators.registry import register
from evaluators.task import Params, Task
from evaluators.tasks._examples import on_examples

VECTOR, CUBE = 39, (4, 4, 5)
SIZE = 1 + VECTOR + int(np.prod(CUBE))
EXAMPLES, BATCH = 1024, 8
SHARPEST, SPREAD = 100.0, 1e-3
"""Largest curvature; standard deviation of the initial parameters."""


def scaled(name: str, *, condition: float, noise: float) -> Task:
    """A diagonal quadratic in a scalar, a vector and a tensor of rank 3, 120 parameters in all.

    **Arguments:** `condition`: largest over smallest curvature, the others spaced evenly between
    them in their logarithm and dealt out at random; `noise`: expected loss at the optimum.
    """
    rng = np.random.Generator(np.random.PCG64(1))
    curvatures = rng.permutation(SHARPEST * np.geomspace(1, 1 / condition, SIZE))

    def load() -> tuple[np.ndarray, np.ndarray]:
        """Targets of the scaled parameters float32 [examples, size]; validation has no noise."""
        rng = np.random.Generator(np.random.PCG64(2))
        best = rng.choice([-1.0, 1.0], SIZE) * np.sqrt(2 / SIZE)
        errors = rng.normal(0, np.sqrt(2 * noise / SIZE), (EXAMPLES, SIZE))
        targets = best + errors - errors.mean(0)
        return targets.astype(np.float32), best[None].astype(np.float32)

    def mean_loss(params: Params, targets: Array) -> Array:
        w = jnp.concatenate([jnp.ravel(params[part]) for part in ("scalar", "vector", "cube")])
        outputs = w * jnp.asarray(np.sqrt(curvatures), w.dtype)
        return jnp.mean(jnp.sum((outputs[None] - targets) ** 2, axis=-1)) / 2

    return on_examples(
        DataSet(f"scaled_targets_noise_{noise:g}", load),
        mean_loss,
        batch=BATCH,
        irreducible=noise,
        name=name,
        summary=f"Axis-aligned quadratic ({SIZE} parameters) in units up to "
        f"{np.sqrt(condition):g} times apart, noise {noise:g}",
        model=f"diagonal_quadratic_condition_{condition:g}",
        horizon=300,
        init=_init,
        untrained=1 + noise,
        floor=noise,
        floor_from="exact: the expected loss at the optimum",
    )


def _init(rng: np.random.Generator) -> Params:
    return {
        "scalar": np.asarray(rng.normal(0, SPREAD), np.float32),
        "vector": rng.normal(0, SPREAD, VECTOR).astype(np.float32),
        "cube": rng.normal(0, SPREAD, CUBE).astype(np.float32),
    }


register(
    scaled(
        "scaled",
        condition=1e4,
        noise=0.05,
    )
)
