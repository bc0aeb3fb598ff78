"""Deformed noisy lines told apart by an MLP, which finds hard what a convolution finds easy."""

import jax
import numpy as np

from evaluators.data.signals import CLASSES, SIGNALS
from evaluators.registry import register
from evaluators.task import Best
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
        best=Best(
            0.6842,
            "adan",
            {"lr": 0.02016, "b1": 0.98, "b2": 0.92, "b3": 0.99, "eps": 1e-08, "wd": 0.0},
        ),
        flops=871_231,
    )
)
