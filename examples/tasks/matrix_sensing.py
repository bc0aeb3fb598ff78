"""Matrix sensing as a task of your own: a matrix of low rank, found by its products with others.

    stepsmith tasks check examples/tasks/matrix_sensing.py
    stepsmith discover examples/tasks/matrix_sensing.yaml --plugin examples/tasks/matrix_sensing.py

The factors have a higher rank than the matrix, and there are fewer measurements than entries: many
products fit all that was measured, and which of them is found is up to the optimizer. What counts
is the distance to the matrix itself.
"""

import jax
import jax.numpy as jnp
import numpy as np

from stepsmith import task

SIZE, RANK, WIDTH, MEASUREMENTS = 20, 2, 6, 280
rng = np.random.default_rng(0)
MATRIX = rng.normal(size=(SIZE, RANK)) @ rng.normal(size=(RANK, SIZE)) / SIZE**0.5
SENSORS = rng.normal(size=(MEASUREMENTS, SIZE, SIZE)).astype("float32")
MEASURED = np.einsum("mij,ij->m", SENSORS, MATRIX).astype("float32")


def init(key):
    """Two small factors."""
    left, right = jax.random.split(key)
    return {
        "left": 0.3 * jax.random.normal(left, (SIZE, WIDTH)),
        "right": 0.3 * jax.random.normal(right, (WIDTH, SIZE)),
    }


def loss(params, batch):
    """The mean square by which the product misses the measurements."""
    sensors, measured = batch
    found = jnp.einsum("mij,ij->m", sensors, params["left"] @ params["right"])
    return jnp.mean((found - measured) ** 2)


def error(params):
    """The square of the distance to the matrix, as a share of its own."""
    apart = params["left"] @ params["right"] - MATRIX
    return jnp.sum(apart**2) / np.sum(MATRIX**2)


task(
    "matrix_sensing",
    params=init,
    loss=loss,
    examples=(SENSORS, MEASURED),
    validation_loss=error,
    horizon=300,
    summary="Factors (240 parameters) of a matrix of rank 2 from 280 measurements",
)
