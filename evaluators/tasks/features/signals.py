"""Deformed noisy lines told apart by an MLP, which finds hard what a convolution finds easy."""

import jax
import numpy as np

from evaluators.data.signals import CLASSES, SIGNALS
from evaluators.registry import register
from evaluators.tasks._losses import CROSS_ENTROPY
from evaluators.tasks._supervised import mlp, supervised

register(
    supervised(
        SIGNALS,
        mlp("gelu_mlp", (40, 64, 32, 10), jax.nn.gelu),
        CROSS_ENTROPY,
        name="signals_mlp",
        summary="MLP 40-64-32-10 with GELU (5,034 parameters) on generated signals like MNIST-1D's",
        batch=32,
        horizon=400,
        untrained=float(np.log(CLASSES)),
    )
)
