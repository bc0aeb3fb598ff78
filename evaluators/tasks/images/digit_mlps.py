"""Digits by MLPs of other depths, widths and activations than the usual one."""

import jax
import jax.numpy as jnp
import numpy as np

from evaluators.data.digits import CLASSES, DIGITS
from evaluators.registry import register
from evaluators.tasks._losses import CROSS_ENTROPY
from evaluators.tasks._supervised import linear, mlp, supervised

UNTRAINED = float(np.log(CLASSES))

register(
    supervised(
        DIGITS,
        linear("softmax_regression", 64, 10, gain=0.3),
        CROSS_ENTROPY,
        name="digits_softmax",
        summary="Softmax regression (650 parameters) on scikit-learn's digits",
        batch=32,
        horizon=200,
        untrained=UNTRAINED,
        floor_from="exact: planes divide the validation digits, so weights along them go there",
    )
)
register(
    supervised(
        DIGITS,
        mlp("deep_tanh_mlp", (64, 24, 24, 24, 24, 10), jnp.tanh, gain=1.0),
        CROSS_ENTROPY,
        name="digits_deep",
        summary="MLP 64-24-24-24-24-10 with tanh (3,610 parameters) on scikit-learn's digits",
        batch=32,
        horizon=300,
        untrained=UNTRAINED,
    )
)
register(
    supervised(
        DIGITS,
        mlp("wide_silu_mlp", (64, 320, 192, 10), jax.nn.silu),
        CROSS_ENTROPY,
        name="digits_wide",
        summary="MLP 64-320-192-10 with SiLU (84,362 parameters) on scikit-learn's digits",
        batch=16,
        horizon=200,
        untrained=UNTRAINED,
    )
)
