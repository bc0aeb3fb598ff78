"""Differential privacy."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import clipped_grad, normal
from dsl.zoo.entry import Dense, entry


@entry(
    paper="Deep Learning with Differential Privacy (Abadi et al.)",
    year=2016,
    reference=Dense(at={"c": 0.3, "sigma": 0.25, "batch": 8}),
    hypers={
        "c": Hyper("largest norm of one example's gradient"),
        "sigma": Hyper("standard deviation of the noise, in units of c"),
        "batch": Hyper("examples in a batch", 1),
    },
)
def dp_sgd(w, *, lr=0.05, c=4, sigma=4, batch=600):
    """DP-SGD: the sum of the examples' clipped gradients and normal noise, over the batch's size.

    The norm of an example's gradient is that over the whole model. The noise has c * sigma as
    standard deviation before the division; batch is what was aimed at where sizes vary. What the
    training reveals has to be accounted for outside of the rule.
    """
    g = clipped_grad(c) + c * sigma / batch * normal(0)
    return lr * g
