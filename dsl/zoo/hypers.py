"""What hyperparameters mean, and where they may lie."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Hyper:
    """A hyperparameter in words, with the least and the largest value that makes sense.

    `whole` says that it counts something.
    """

    meaning: str
    low: float = 0.0
    high: float = math.inf
    whole: bool = False


COMMON = {
    "lr": Hyper("learning rate"),
    "b1": Hyper("decay of the first average or momentum", 0, 1),
    "b2": Hyper("decay of the second average", 0, 1),
    "b3": Hyper("decay of the third average", 0, 1),
    "eps": Hyper("keeps a denominator from zero"),
    "wd": Hyper("weight decay"),
}
"""Those that mean the same in every rule that has them; an entry may say it more exactly."""
