"""Noisy quadratics of known curvature: the one family whose best loss is known exactly.

The loss of example i is |A w - b_i|^2 / 2, with b_i = A w* + noise_i. The Hessian A'A is rotated
at random, so no parameter is an eigendirection, and is the same for every batch; the gradient
noise has covariance proportional to it.
"""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import Array
from jaxtyping import Float

from evaluators.data.examples import DataSet
from evaluators.registry import register
from evaluators.task import Params, Task
from evaluators.tasks._examples import Index, on_examples

VECTOR, MATRIX = 31, (8, 12)
SIZE = 1 + VECTOR + MATRIX[0] * MATRIX[1]
EXAMPLES, BATCH = 1024, 16
SHARPEST = 20.0
"""Largest eigenvalue of the Hessian."""
SPREAD = 0.02
"""Standard deviation of the initial parameters."""
HEIGHT = 1.0
"""Loss at w = 0, above the floor."""


class Quadratic(NamedTuple):
    """Squares of errors, in NumPy, or as they are traced."""

    root: Float[np.ndarray | Array, "size size"]
    """A above."""
    targets: Float[np.ndarray | Array, "examples size"]
    """The b_i."""


def quadratic(name: str, *, condition: float, noise: float) -> Task:
    """A quadratic in a scalar, a vector and a matrix, 128 parameters in all.

    **Arguments:** `condition`: largest over smallest eigenvalue of the Hessian, the others spaced
    evenly between them in their logarithm; `noise`: expected loss at the optimum, >= 0, to which
    the variance of the gradient is proportional (0 makes every batch alike).
    """
    curvatures = SHARPEST * np.geomspace(1, 1 / condition, SIZE)

    def load() -> tuple[Quadratic, Quadratic]:
        """Training examples, and one without noise for validation."""
        rng = np.random.Generator(np.random.PCG64(0))
        rotation, _ = np.linalg.qr(rng.normal(size=(SIZE, SIZE)))
        root = np.sqrt(curvatures)[:, None] * rotation.T
        best = curvatures**0.25 * rng.normal(size=SIZE)  # flat directions matter, and are far
        best *= np.sqrt(2 * HEIGHT / np.sum(best**2))
        errors = rng.normal(0, np.sqrt(2 * noise / SIZE), (EXAMPLES, SIZE))
        targets = best + errors - errors.mean(0)
        return (
            Quadratic(root.astype(np.float32), targets.astype(np.float32)),
            Quadratic(root.astype(np.float32), best[None].astype(np.float32)),
        )

    return on_examples(
        DataSet(f"targets_noise_{noise:g}", load),
        _mean_loss,
        take=_take,
        batch=BATCH,
        irreducible=noise,
        name=name,
        summary=f"Rotated quadratic ({SIZE} parameters), condition {condition:g}, noise {noise:g}",
        model=f"rotated_quadratic_condition_{condition:g}",
        horizon=200,
        init=_init,
        untrained=noise + HEIGHT + SPREAD**2 * float(curvatures.sum()) / 2,
        floor=noise,
        floor_from="exact: the expected loss at the optimum",
    )


def _init(rng: np.random.Generator) -> Params:
    return {
        "scalar": np.asarray(rng.normal(0, SPREAD), np.float32),
        "vector": rng.normal(0, SPREAD, VECTOR).astype(np.float32),
        "matrix": rng.normal(0, SPREAD, MATRIX).astype(np.float32),
    }


def _take(train: Quadratic, index: Index) -> Quadratic:
    return train._replace(targets=jnp.asarray(train.targets)[index])


def _mean_loss(params: Params, examples: Quadratic) -> Float[Array, ""]:
    """Mean of |root w - target|^2 / 2 over the targets; over all fresh examples it is that of the
    one without noise, and the noise."""
    w = jnp.concatenate([jnp.ravel(params[part]) for part in ("scalar", "vector", "matrix")])
    errors = (examples.root @ w)[None] - examples.targets
    return jnp.mean(jnp.sum(errors**2, axis=-1)) / 2


register(
    quadratic(
        "quadratic",
        condition=1e3,
        noise=0.1,
    )
)
register(
    quadratic(
        "quadratic_ill",
        condition=1e6,
        noise=0.0,
    )
)
