"""Matrix factorisation: a table of ratings filled in from a third of its entries."""

import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.data.examples import DataSet, Examples
from evaluators.registry import register
from evaluators.task import Params
from evaluators.tasks._losses import SQUARED_ERROR
from evaluators.tasks._supervised import Model, supervised

ROWS, COLUMNS, RANK = 80, 60, 4
SHARE, NOISE = 0.35, 0.2
"""The share of the entries that are seen, and the standard deviation of the noise on them."""


def _load() -> tuple[Examples, Examples]:
    """Places int32 [examples, 2] and entries float32 of a matrix of rank 4 with unit variance;
    the ones not seen, without noise, are for validation."""
    rng = np.random.Generator(np.random.PCG64(14))
    left, right = rng.normal(size=(ROWS, RANK)), rng.normal(size=(COLUMNS, RANK))
    weights = np.array([1.0, 0.7, 0.5, 0.35])
    matrix = (left * weights) @ right.T / np.sqrt(np.sum(weights**2))
    order = rng.permutation(ROWS * COLUMNS)
    places = np.stack(np.divmod(order, COLUMNS), -1).astype(np.int32)
    entries = matrix.ravel()[order]
    seen = round(SHARE * len(order))
    noisy = entries[:seen] + rng.normal(0, NOISE, seen)
    return (
        Examples(places[:seen], noisy.astype(np.float32)),
        Examples(places[seen:], entries[seen:].astype(np.float32)),
    )


def _init(rng: np.random.Generator) -> Params:
    return {
        "rows": rng.normal(0, 0.3, (ROWS, RANK + 1)).astype(np.float32),
        "columns": rng.normal(0, 0.3, (COLUMNS, RANK + 1)).astype(np.float32),
        "mean": np.asarray(rng.normal(0, 0.01), np.float32),
    }


def _predict(params: Params, places: Array) -> Array:
    rows, columns = params["rows"][places[:, 0]], params["columns"][places[:, 1]]
    return jnp.sum(rows * columns, -1) + params["mean"][None]


register(
    supervised(
        DataSet("low_rank_matrix", _load),
        Model("matrix_factorisation", _init, _predict),
        SQUARED_ERROR,
        name="factorisation",
        summary=f"Factors of a {ROWS} x {COLUMNS} matrix (701 parameters) from a noisy third of "
        "its entries",
        batch=64,
        horizon=400,
        irreducible=NOISE**2,
        floor=NOISE**2,
        floor_from="exact: the variance of the noise, at the factors that made the matrix",
    )
)
