"""Logistic regression on features from common to rare, as words are: what AdaGrad was made for."""

import functools

import numpy as np

from evaluators.data.examples import Examples
from evaluators.registry import register
from evaluators.task import Best
from evaluators.tasks import _layers as layers
from evaluators.tasks._losses import logistic
from evaluators.tasks._supervised import supervised

FEATURES = 400
TRAIN, VALIDATION = 4096, 1024


@functools.cache
def _load() -> tuple[Examples, Examples]:
    """Rows of zeros and ones, feature k present in one of about k / 4 + 2 examples; outcomes drawn
    from a logistic model for training, their probabilities for validation."""
    rng = np.random.Generator(np.random.PCG64(10))
    chance = 1 / (np.arange(FEATURES) / 4 + 2)
    present = rng.random((TRAIN + VALIDATION, FEATURES)) < chance
    weights = rng.normal(0, 1, FEATURES)
    logits = present @ weights - chance @ weights
    likely = 1 / (1 + np.exp(-logits))
    outcomes = rng.random(TRAIN) < likely[:TRAIN]
    inputs = present.astype(np.float32)
    return (
        Examples(inputs[:TRAIN], outcomes.astype(np.float32)),
        Examples(inputs[TRAIN:], likely[TRAIN:].astype(np.float32)),
    )


RARE_FEATURES = register(
    supervised(
        name="rare_features",
        summary=f"Logistic regression ({FEATURES + 1} parameters) on generated rare features",
        dataset="rare_features",
        model="logistic_regression",
        horizon=300,
        init=lambda rng: layers.dense(rng, FEATURES, 1, gain=0.1),
        load=_load,
        predict=layers.apply_dense,
        criterion=logistic,
        batch=32,
        untrained=float(np.log(2)),
        floor=0.2,
        best=Best(0.3747, "lion", {"lr": 0.01, "b1": 0.8, "b2": 0.92, "wd": 0.004}),
        flops=52_968,
        digest="fc5ffe611da27ff8e1151ef389cdd2bf",
    )
)
