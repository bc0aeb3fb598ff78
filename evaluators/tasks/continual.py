"""Split digits: the classes come two by two, over and over, and all of them are asked for."""

import jax
import numpy as np

from evaluators.data import digits
from evaluators.data.examples import Examples
from evaluators.registry import register
from evaluators.task import Best
from evaluators.tasks import _layers as layers
from evaluators.tasks._losses import cross_entropy
from evaluators.tasks._supervised import supervised

SIZES = (64, 32, 10)
BATCH = 16
CLASSES_AT_ONCE, BLOCK = 2, 10
"""How many classes a block of training steps shows, and how many steps it has."""


def _load() -> tuple[Examples, Examples]:
    train, validation = digits.load()
    return Examples(*train), Examples(*validation)


def in_blocks(rng: np.random.Generator, train: Examples, steps: int) -> np.ndarray:
    """int32 [steps, batch]: blocks of steps on the examples of some classes, one after the other,
    and from the first classes again; within a block no example comes twice."""
    classes = int(train.targets.max()) + 1
    groups = train.targets // CLASSES_AT_ONCE
    blocks = []
    for at in range(-(-steps // BLOCK)):
        members = np.flatnonzero(groups == at % (classes // CLASSES_AT_ONCE))
        blocks.append(rng.permutation(members)[: BLOCK * BATCH].reshape(BLOCK, BATCH))
    return np.concatenate(blocks)[:steps].astype(np.int32)


SPLIT_DIGITS = register(
    supervised(
        name="digits_split",
        summary="MLP 64-32-10 with SiLU (2,410 parameters) on digits, two classes at a time",
        dataset="digits",
        model="silu_mlp_in_blocks",
        horizon=300,
        init=lambda rng: layers.mlp(rng, SIZES, gain=1.4, last=0.3),
        load=_load,
        predict=lambda params, x: layers.apply_mlp(params, x, jax.nn.silu),
        criterion=cross_entropy,
        batch=BATCH,
        order=in_blocks,
        untrained=float(np.log(SIZES[-1])),
        floor=0.05,
        best=Best(0.3977, "lion", {"lr": 0.002, "b1": 0.9, "b2": 0.99, "wd": 0.001}),
        flops=174_285,
        digest="8f5fe47a90754a253424a5ced4227579",
    )
)
