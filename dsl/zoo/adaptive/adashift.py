"""AdaShift."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    equal,
    history,
    interp,
    max_abs,
    maximum,
    place,
    push,
    scalar,
    sqrt,
    square,
    weighted_mean,
    weighted_sum,
    where,
)
from dsl.zoo.entry import Reference, entry


@entry(
    paper="AdaShift: Decorrelation and Convergence of Adaptive Learning Rate Methods (Zhou et al.)",
    year=2019,
    reference=Reference(
        "pytorch_optimizer:AdaShift",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "keep_num": "int(keep)",
            "foreach": False,
        },
        at={"b2": 0.9},
    ),
    hypers={"keep": Hyper("gradients that the mean is of", 1, whole=True)},
)
def adashift(
    w, g, t, h=history("keep"), v=scalar(0), *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-10, keep=10
):  # fmt: skip
    """AdaShift: a mean of the last few gradients over the root of squares of those before them.

    The two have no gradient in common, so they do not depend on each other. Of an old gradient the
    second moment takes the largest square in its tensor; it is bias-corrected, and eps is added to
    its corrected root. The weights of the mean fade by b1. There is no step until the mean has lost
    a gradient.
    """
    old = weighted_sum(h, equal(place(h), keep - 1))
    h = push(h, g)
    v = interp(square(max_abs(old)), v, b2)
    size = sqrt(v / (1 - b2 ** maximum(t - keep, 1))) + eps
    return where(t > keep, lr * weighted_mean(h, b1 ** place(h)) / size, 0)
