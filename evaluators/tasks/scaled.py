"""Axis-aligned quadratics whose parameters are measured in very different units.

Every coordinate contributes the same to the loss, and the optimum of each is as far away as its
curvature is flat: one rate for all of them serves none.
"""

import functools

import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.data.frozen import frozen
from evaluators.data.order import epochs
from evaluators.registry import register
from evaluators.task import Best, Data, Params, Task
from evaluators.tasks._losses import nan_unless_finite

VECTOR, CUBE = 39, (4, 4, 5)
SIZE = 1 + VECTOR + int(np.prod(CUBE))
EXAMPLES, BATCH = 1024, 8
SHARPEST, SPREAD = 100.0, 1e-3
"""Largest curvature; standard deviation of the initial parameters."""


def scaled(name: str, *, condition: float, noise: float, **stated) -> Task:
    """A diagonal quadratic in a scalar, a vector and a tensor of rank 3, 120 parameters in all.

    **Arguments:** `condition`: largest over smallest curvature, the others spaced evenly between
    them in their logarithm and dealt out at random; `noise`: expected loss at the optimum.
    """
    rng = np.random.Generator(np.random.PCG64(1))
    curvatures = rng.permutation(SHARPEST * np.geomspace(1, 1 / condition, SIZE))

    @functools.cache
    def data() -> Data:
        """Targets of the scaled parameters float32 [examples, size]; validation has no noise."""
        rng = np.random.Generator(np.random.PCG64(2))
        best = rng.choice([-1.0, 1.0], SIZE) * np.sqrt(2 / SIZE)
        errors = rng.normal(0, np.sqrt(2 * noise / SIZE), (EXAMPLES, SIZE))
        targets = best + errors - errors.mean(0)
        return frozen(Data(targets.astype(np.float32), best[None].astype(np.float32)))

    def mean_loss(params: Params, targets: Array) -> Array:
        w = jnp.concatenate([jnp.ravel(params[part]) for part in ("scalar", "vector", "cube")])
        outputs = w * jnp.asarray(np.sqrt(curvatures), w.dtype)
        errors = outputs[None] - targets.astype(w.dtype)
        return jnp.mean(jnp.sum(errors**2, axis=-1)) / 2 + nan_unless_finite(params)

    def loss(params: Params, data: Data, index: Array) -> Array:
        return mean_loss(params, jnp.asarray(data.train)[index])

    def validate(params: Params, data: Data) -> Array:
        """The expected loss over fresh examples, in closed form."""
        return mean_loss(params, jnp.asarray(data.validation)) + noise

    return Task(
        name=name,
        summary=f"Axis-aligned quadratic ({SIZE} parameters) in units up to "
        f"{np.sqrt(condition):g} times apart, noise {noise:g}",
        dataset=f"scaled_targets_noise_{noise:g}",
        model=f"diagonal_quadratic_condition_{condition:g}",
        horizon=300,
        init=_init,
        load=data,
        order=_order,
        loss=loss,
        validate=validate,
        untrained=1 + noise,
        floor=noise,
        **stated,
    )


def _init(rng: np.random.Generator) -> Params:
    return {
        "scalar": np.asarray(rng.normal(0, SPREAD), np.float32),
        "vector": rng.normal(0, SPREAD, VECTOR).astype(np.float32),
        "cube": rng.normal(0, SPREAD, CUBE).astype(np.float32),
    }


def _order(rng: np.random.Generator, steps: int) -> np.ndarray:
    return epochs(rng, EXAMPLES, BATCH, steps)


SCALED = register(
    scaled(
        "scaled",
        condition=1e4,
        noise=0.05,
        best=Best(
            0.05282,
            "nadamw",
            {"lr": 0.02, "b1": 0.95, "b2": 0.99998438, "eps": 1e-08, "wd": 0.0001},
        ),
        flops=6_392,
        digest="99ab5d8bb080460f4de88c688a0615f5",
    )
)
