"""Split digits: the classes come two by two, over and over, and all of them are asked for."""

import jax
import numpy as np
from jaxtyping import Int32

from evaluators.data.digits import CLASSES, DIGITS, Digits
from evaluators.registry import register
from evaluators.tasks._losses import CROSS_ENTROPY
from evaluators.tasks._supervised import mlp, supervised

BATCH = 16
CLASSES_AT_ONCE, BLOCK = 2, 10
"""The classes that a block of training steps shows, and its number of steps."""


def in_blocks(
    rng: np.random.Generator, train: Digits, steps: int
) -> Int32[np.ndarray, "{steps} batch"]:
    """The examples of each step: blocks of steps on those of some classes, one after the other, and
    from the first classes again; within a block no example comes twice."""
    groups = train.labels // CLASSES_AT_ONCE
    blocks = []
    for at in range(-(-steps // BLOCK)):
        members = np.flatnonzero(groups == at % (CLASSES // CLASSES_AT_ONCE))
        blocks.append(rng.permutation(members)[: BLOCK * BATCH].reshape(BLOCK, BATCH))
    return np.concatenate(blocks)[:steps].astype(np.int32)


register(
    supervised(
        DIGITS,
        mlp("silu_mlp_in_blocks", (64, 32, 10), jax.nn.silu),
        CROSS_ENTROPY,
        name="digits_split",
        summary="MLP 64-32-10 with SiLU (2,410 parameters) on digits, two classes at a time",
        batch=BATCH,
        order=in_blocks,
        horizon=300,
        untrained=float(np.log(CLASSES)),
    )
)
