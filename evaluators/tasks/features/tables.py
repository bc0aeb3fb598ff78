"""Small tables: classification and regression of a few hundred rows, where overfitting is near."""

import jax
import jax.numpy as jnp
import numpy as np

from evaluators.data.tables import BREAST_CANCER, DIABETES, WINE
from evaluators.registry import register
from evaluators.tasks._losses import CROSS_ENTROPY, SQUARED_ERROR
from evaluators.tasks._supervised import linear, mlp, supervised

register(
    supervised(
        BREAST_CANCER,
        linear("logistic_regression", 30, 2, gain=0.1),
        CROSS_ENTROPY,
        name="breast_cancer",
        summary="Logistic regression (62 parameters) on scikit-learn's breast cancer table",
        batch=16,
        horizon=200,
        untrained=float(np.log(2)),
        floor_from="exact: a plane divides the validation rows, so weights along it go there",
    )
)
register(
    supervised(
        WINE,
        mlp("elu_mlp", (13, 16, 16, 3), jax.nn.elu, gain=1.0, last=0.1),
        CROSS_ENTROPY,
        name="wine",
        summary="MLP 13-16-16-3 with ELU (547 parameters) on scikit-learn's wine table",
        batch=16,
        horizon=100,
        untrained=float(np.log(3)),
    )
)
register(
    supervised(
        DIABETES,
        mlp("tanh_mlp", (10, 24, 1), jnp.tanh, gain=1.0, last=0.1),
        SQUARED_ERROR,
        name="diabetes",
        summary="Regression by an MLP 10-24-1 with tanh (289 parameters) on scikit-learn's "
        "diabetes table",
        batch=16,
        horizon=200,
    )
)
