"""Blurred pictures: inputs of wide spectrum, whose fine detail moves a gradient little.

What is asked for needs the detail as much as the rest, so the weights have to grow large along the
directions that gradients say least about. Those are no coordinates: what helps is a change of the
basis of the inputs, as rules for matrices make it. No model here has biases, so every parameter is
a matrix.
"""

import jax
import numpy as np

from evaluators.data import digits, photos
from evaluators.registry import register
from evaluators.task import Data
from evaluators.tasks._losses import CROSS_ENTROPY, SQUARED_ERROR
from evaluators.tasks._supervised import matrices, supervised

PIXELS, MIDDLE = 64, 32


def _beyond_linear(data: Data) -> float:
    """The mean square that the best linear map of the validation squares leaves."""
    inputs, targets = (np.asarray(part, float) for part in data.validation)
    found, *_ = np.linalg.lstsq(inputs, targets, rcond=None)
    return float(np.mean((targets - inputs @ found) ** 2))


register(
    supervised(
        photos.BLURRED,
        matrices("one_matrix", (PIXELS, MIDDLE), last=0.1),
        SQUARED_ERROR,
        name="deblur",
        summary="One matrix (2,048 parameters) that sharpens blurred pieces of two photographs",
        batch=8,
        horizon=300,
        floor=_beyond_linear,
        floor_from="exact: what the best linear map of the validation squares leaves",
    )
)
register(
    supervised(
        photos.BLURRED,
        matrices("deep_silu_matrices", (PIXELS, 64, 64, MIDDLE), jax.nn.silu),
        SQUARED_ERROR,
        name="deblur_deep",
        summary="Three matrices with SiLU (10,240 parameters) that sharpen blurred pieces of two "
        "photographs",
        batch=16,
        horizon=300,
    )
)
register(
    supervised(
        digits.BLURRED,
        matrices("silu_matrices", (PIXELS, 48, digits.CLASSES), jax.nn.silu),
        CROSS_ENTROPY,
        name="digits_blurred",
        summary="Two matrices with SiLU (3,552 parameters) on digits blurred twice",
        batch=16,
        horizon=300,
        untrained=float(np.log(digits.CLASSES)),
    )
)
