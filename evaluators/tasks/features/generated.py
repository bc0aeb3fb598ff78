"""MLPs on generated problems: two spirals, a teacher network, a parity of hidden bits."""

import jax
import jax.numpy as jnp
import numpy as np

from evaluators.data.generated import BITS, NOISE, PARITY, SPIRALS, TEACHER
from evaluators.registry import register
from evaluators.tasks._losses import CROSS_ENTROPY, SQUARED_ERROR
from evaluators.tasks._supervised import mlp, supervised

register(
    supervised(
        SPIRALS,
        mlp("silu_mlp", (2, 32, 32, 2), jax.nn.silu, last=0.2),
        CROSS_ENTROPY,
        name="spirals",
        summary="MLP 2-32-32-2 with SiLU (1,218 parameters) on two intertwined spirals",
        batch=32,
        horizon=500,
        untrained=float(np.log(2)),
    )
)
register(
    supervised(
        TEACHER,
        mlp("relu_mlp", (16, 48, 1), jax.nn.relu, last=0.2),
        SQUARED_ERROR,
        name="teacher",
        summary="Regression by an MLP 16-48-1 (865 parameters) on a noisy smaller teacher network",
        batch=16,
        horizon=300,
        irreducible=NOISE**2,
        floor=NOISE**2,
        floor_from="exact: the variance of the noise on the answers",
    )
)
register(
    supervised(
        PARITY,
        mlp("tanh_mlp", (BITS, 64, 2), jnp.tanh, last=0.2),
        CROSS_ENTROPY,
        name="parity",
        summary="MLP 12-64-2 with tanh (962 parameters) on the parity of three bits of twelve",
        batch=64,
        horizon=400,
        untrained=float(np.log(2)),
        floor_from="exact: the network can say the parity, and be as sure of it as it likes",
    )
)
