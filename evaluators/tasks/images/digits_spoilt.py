"""Digits from training sets with something wrong: classes that are rare, labels that lie."""

import jax
import numpy as np

from evaluators.data.digits import CLASSES, LONG_TAIL, MISLABELLED
from evaluators.registry import register
from evaluators.tasks._losses import CROSS_ENTROPY
from evaluators.tasks._supervised import mlp, supervised

UNTRAINED = float(np.log(CLASSES))

register(
    supervised(
        LONG_TAIL,
        mlp("relu_mlp", (64, 32, 10), jax.nn.relu),
        CROSS_ENTROPY,
        name="digits_long_tail",
        summary="MLP 64-32-10 (2,410 parameters) on digits, each class rarer than the one before",
        batch=32,
        horizon=200,
        untrained=UNTRAINED,
    )
)
register(
    supervised(
        MISLABELLED,
        mlp("gelu_mlp", (64, 48, 10), jax.nn.gelu),
        CROSS_ENTROPY,
        name="digits_mislabelled",
        summary="MLP 64-48-10 with GELU (3,610 parameters) on digits, three labels of ten wrong",
        batch=32,
        horizon=200,
        untrained=UNTRAINED,
    )
)
