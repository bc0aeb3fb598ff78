"""Matrix factorisation: a table of ratings filled in from a third of its entries."""

import functools

import jax.numpy as jnp
import numpy as np
from jax import Array

from evaluators.data.examples import Examples
from evaluators.registry import register
from evaluators.task import Best, Params
from evaluators.tasks._losses import squared_error
from evaluators.tasks._supervised import supervised

ROWS, COLUMNS, RANK = 80, 60, 4
SHARE, NOISE = 0.35, 0.2
"""The share of the entries that are seen, and the standard deviation of the noise on them."""


@functools.cache
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


FACTORISATION = register(
    supervised(
        name="factorisation",
        summary=f"Factors of a {ROWS} x {COLUMNS} matrix (701 parameters) from a noisy third of "
        "its entries",
        dataset="low_rank_matrix",
        model="matrix_factorisation",
        horizon=400,
        init=_init,
        load=_load,
        predict=_predict,
        criterion=squared_error,
        irreducible=NOISE**2,
        batch=64,
        untrained=0.96,
        floor=NOISE**2,
        best=Best(
            0.08872, "nadamw", {"lr": 0.05, "b1": 0.8, "b2": 0.99998438, "eps": 1e-08, "wd": 0.0001}
        ),
        flops=4_289,
        digest="4cbecbe4c4b9e0d3878fa7d20b04d522",
    )
)
