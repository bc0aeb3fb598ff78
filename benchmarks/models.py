"""The digits model at any size, so that cost can be drawn against the number of parameters."""

from dataclasses import replace

import numpy as np

from evaluators.registry import get
from evaluators.task import Params, Task
from evaluators.tasks._layers import dense

PIXELS, CLASSES = 64, 10

SIZES = (1_000, 2_410, 10_000, 20_000, 100_000, 1_000_000)
"""Parameters, about; 2,410 is the registered task itself."""


def digits_mlp(parameters: int) -> Task:
    """The task `digits` with a hidden layer wide enough for about `parameters` parameters."""
    width = round((parameters - CLASSES) / (PIXELS + 1 + CLASSES))

    def init(rng: np.random.Generator) -> Params:
        hidden = dense(rng, PIXELS, width, gain=np.sqrt(2))
        return {"hidden": hidden, "output": dense(rng, width, CLASSES, gain=np.sqrt(2) / 3)}

    return replace(get("digits"), name=f"digits, {width} hidden", init=init)
