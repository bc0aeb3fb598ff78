"""Small tables: classification and regression of a few hundred rows, where overfitting is near."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from evaluators.data import tables
from evaluators.registry import register
from evaluators.task import Best, Task
from evaluators.tasks import _layers as layers
from evaluators.tasks._losses import cross_entropy, squared_error
from evaluators.tasks._supervised import supervised


def table(name: str, sizes: tuple[int, ...], activation, **stated) -> Task:
    """An MLP, or a linear model if there are but two sizes."""
    return supervised(
        name=name,
        init=lambda rng: layers.mlp(rng, sizes, gain=1.0, last=0.1),
        predict=lambda params, x: layers.apply_mlp(params, x, activation),
        **stated,
    )


BREAST_CANCER = register(
    table(
        "breast_cancer",
        (30, 2),
        None,
        summary="Logistic regression (62 parameters) on scikit-learn's breast cancer table",
        dataset="breast_cancer",
        model="logistic_regression",
        horizon=200,
        load=functools.partial(tables.classes, "breast_cancer"),
        criterion=cross_entropy,
        batch=16,
        untrained=float(np.log(2)),
        floor=0.01,
        best=Best(0.02813, "lion", {"lr": 0.006325, "b1": 0.2, "b2": 0.99, "wd": 0.004}),
        flops=4_595,
        digest="95962b4e081a7eb46d17466bfbb31878",
    )
)
WINE = register(
    table(
        "wine",
        (13, 16, 16, 3),
        jax.nn.elu,
        summary="MLP 13-16-16-3 with ELU (547 parameters) on scikit-learn's wine table",
        dataset="wine",
        model="elu_mlp",
        horizon=100,
        load=functools.partial(tables.classes, "wine"),
        criterion=cross_entropy,
        batch=16,
        untrained=float(np.log(3)),
        floor=0.0,
        best=Best(0.09222, "heavy_ball", {"lr": 0.03162, "b1": 0.95, "wd": 0.016}),
        flops=49_585,
        digest="9d373f2ca04c50319cdc4040fe45b252",
    )
)
DIABETES = register(
    table(
        "diabetes",
        (10, 24, 1),
        jnp.tanh,
        summary="Regression by an MLP 10-24-1 with tanh (289 parameters) on scikit-learn's "
        "diabetes table",
        dataset="diabetes",
        model="tanh_mlp",
        horizon=200,
        load=tables.diabetes,
        criterion=squared_error,
        batch=16,
        untrained=1.25,
        floor=0.3,
        best=Best(0.6674, "heavy_ball", {"lr": 0.001, "b1": 0.95, "wd": 0.256}),
        flops=21_113,
        digest="7dd737b01dbf730ffe756db54184f39c",
    )
)
