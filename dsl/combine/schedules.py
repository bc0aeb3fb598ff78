"""Learning rates that change with the step, over the horizon T: what a program reads as `lr`.

The part of the rate that a schedule leaves is a function of (t - 1) / T, so the first step has all
of it; after T steps it stays where it is. The exception is `linear_decay`, which comes down to 0 on
the last step already, as in the theory.
"""

import math

from dsl.combine.combinator import before
from dsl.language.hyperparameters import Hyper
from dsl.ops import cos, minimum


@before("lr")
def linear_decay(t, T, *, lr=1.0):
    """The rate times 1 - t / T, which is 0 on step T (Defazio et al. 2023)."""
    return lr * (1 - minimum(t / T, 1))


_LR_MIN = {"lr_min": Hyper("rate after T steps")}


@before("lr", numbers=_LR_MIN)
def cosine(t, T, *, lr=1.0, lr_min=0.0):
    """Half a period of a cosine from the rate to `lr_min` (Loshchilov and Hutter 2017)."""
    part = (1 + cos(math.pi * minimum((t - 1) / T, 1))) / 2
    return lr_min + (lr - lr_min) * part


@before(
    "lr",
    numbers={**_LR_MIN, "phi": Hyper("shape: 2 is a cosine, less holds the rate for longer")},
)
def uba(t, T, *, lr=1.0, lr_min=0.0, phi=1.0):
    """The budget-aware schedule from the rate to `lr_min`, of shape `phi` (UBA, 2025).

    `phi` of 2 is a cosine; a smaller one keeps the rate up for longer and drops it at the end.
    """
    rise = 1 + cos(math.pi * minimum((t - 1) / T, 1))
    return lr_min + (lr - lr_min) * (2 * rise / (2 * phi + (2 - phi) * rise))


@before("lr", numbers={"warmup": Hyper("steps until the rate is whole", 1, whole=True)})
def warmup(t, *, lr=1.0, warmup=100):
    """The rate times t / warmup on the first `warmup` steps (Goyal et al. 2017)."""
    return lr * minimum(t / warmup, 1)
