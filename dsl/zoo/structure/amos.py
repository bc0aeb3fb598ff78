"""Amos."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import axis_length, interp, mean, ndim, scalar, sqrt, square, where, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Amos: An Adam-style Optimizer with Adaptive Weight Decay towards Model-Oriented Scale "
    "(Tian & Parikh)",
    year=2022,
    reference=Reference(
        "pytorch_optimizer:Amos",
        {
            **{"lr": "lr", "momentum": "b1", "beta": "b2", "eps": "eps", "extra_l2": "wd"},
            **{"c_coef": "c", "d_coef": "d", "foreach": False},
        },
        at={"b1": 0.9, "b2": 0.9, "lr": 0.0625},
    ),
    hypers={
        "b2": Hyper("decay of the average of mean squares", 0, 1),
        "c": Hyper("slowing of the decay"),
        "d": Hyper("slowing of the steps"),
    },
)
def amos(
    w, g, t, m=zeros, v=scalar(0), b=scalar(0),
    *, lr=1e-3, b1=0.0, b2=0.999, eps=1e-18, wd=0.0, c=0.25, d=0.25,
):  # fmt: skip
    """Amos: steps of the size that trained weights are expected to have, and a decay to match.

    The size is read from the shape, as the library has it: 0.5 for vectors and numbers, the root of
    2 over the inputs for a matrix, of 1 over the inputs for a kernel. Mean squares of gradients are
    kept per tensor. What decays are rates, of steps and of the weight decay that the rule makes by
    itself, by its own sum b of squared rates; wd is a further decay that adds to the parameters
    instead (the library's sign). eps is added to the average before its bias correction. Momentum
    averages the steps, decay included.
    """
    expected = sqrt(where(ndim(w) > 2, 1, 2) / axis_length(w, 1))
    rate = lr * where(ndim(w) > 1, expected, 0.5)
    square_mean = mean(square(g))
    v = interp(square_mean, v, b2)
    inverse = (1 - b2**t) / (v + eps)
    gamma = lr**2 * inverse * square_mean / sqrt(1 + c * sqrt(lr) * b)
    u = (gamma - wd) / 2 * w + rate * sqrt(inverse) * g
    m = interp(u / (1 + d * sqrt(rate) * b), m, b1)
    b = b * (1 + gamma) + gamma
    return m
