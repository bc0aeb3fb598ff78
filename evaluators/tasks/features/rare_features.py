"""Logistic regression on features from common to rare, as words are: what AdaGrad was made for."""

import numpy as np

from evaluators.data.examples import DataSet, Examples
from evaluators.registry import register
from evaluators.task import Data
from evaluators.tasks._losses import LOGISTIC
from evaluators.tasks._supervised import linear, supervised

FEATURES = 400
TRAIN, VALIDATION = 4096, 1024


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


def _entropy(data: Data) -> float:
    """Of the validation outcomes, in nats, by the probabilities they are drawn with."""
    likely = data.validation.targets.astype(float)
    return -float(np.mean(likely * np.log(likely) + (1 - likely) * np.log1p(-likely)))


register(
    supervised(
        DataSet("rare_features", _load),
        linear("logistic_regression", FEATURES, 1, gain=0.1),
        LOGISTIC,
        name="rare_features",
        summary=f"Logistic regression ({FEATURES + 1} parameters) on generated rare features",
        batch=32,
        horizon=300,
        untrained=float(np.log(2)),
        floor=_entropy,
        floor_from="exact: the entropy of the outcomes, by the probabilities they are drawn with",
    )
)
