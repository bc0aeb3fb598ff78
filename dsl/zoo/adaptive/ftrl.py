"""FTRL-Proximal."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import abs, sign, sqrt, square, where, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Ad Click Prediction: a View from the Trenches (McMahan et al.)",
    year=2013,
    reference=Reference(
        "pytorch_optimizer:FTRL",
        {
            "lr": "lr",
            "beta": "beta",
            "lambda_1": "l1",
            "lambda_2": "l2",
            "lr_power": -0.5,
            "foreach": False,
        },
        at={"lr": 0.25, "l1": 0.125, "l2": 0.125},
    ),
    hypers={
        "beta": Hyper("added to the root of the sum of squares"),
        "l1": Hyper("strength of the penalty on magnitudes"),
        "l2": Hyper("strength of the penalty on squares"),
    },
)
def ftrl(w, g, z=zeros, n=zeros, *, lr=0.1, beta=1.0, l1=0.0, l2=0.0):
    """FTRL-Proximal: the point that would have been best so far, with penalties that make zeros.

    Adagrad's rates as dual averaging: an entry whose sum `z` is within l1 of 0 is exactly 0. Sums
    begin at 0, as if the parameters did, so an entry that has not seen a gradient becomes 0.
    """
    grown = n + square(g)
    z = z + g - (sqrt(grown) - sqrt(n)) / lr * w
    n = grown
    new = (l1 * sign(z) - z) / ((beta + sqrt(n)) / lr + l2)
    return w - where(abs(z) > l1, new, 0)
