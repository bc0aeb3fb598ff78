"""Gravity."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import equal, interp, max_abs, normal, square, when, zeros
from dsl.zoo.entry import Dense, entry


@entry(
    paper="Gravity Optimizer: a Kinematic Approach on Optimization in Deep Learning "
    "(Bahrami and Pourghaderi Zadeh)",
    year=2021,
    reference=Dense(at={"alpha": 0.1}),
    hypers={
        "b1": Hyper("decay of the average after many steps", 0, 1),
        "alpha": Hyper("standard deviation of what a start at random adds to the first step"),
    },
)
def gravity(w, g, t, m=zeros, *, lr=0.1, b1=0.9, alpha=0.01):
    """Gravity: an average, slower with time, of gradients whose large entries are bent to zero.

    The average starts at normal noise of deviation alpha / lr. Its decay grows from (b1 + 1) / 3 on
    the first step to b1: steps count from 1, as in the authors' PyTorch form; their Keras form
    counts from 0. An entry x is divided by 1 + (x * largest)^2, with the largest magnitude in its
    tensor.
    """
    m = when(equal(t, 1), alpha / lr * normal(0), m)
    b = (b1 * t + 1) / (t + 2)
    m = interp(g / (1 + square(g * max_abs(g))), m, b)
    return lr * m
