"""KATE."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Remove that Square Root: A New Efficient Scale-Invariant Version of AdaGrad "
    "(Choudhury et al.)",
    year=2024,
    reference=Reference(
        "pytorch_optimizer:Kate",
        {
            "lr": "lr",
            "eps": "eps",
            "weight_decay": "wd",
            "delta": "eta",
            "weight_decouple": True,
            "foreach": False,
        },
        at={"eta": 0.1},
    ),
    hypers={
        "eps": Hyper("added to the sum of squares on every step"),
        "eta": Hyper("weight of squared gradients in the numerator"),
    },
)
def kate(w, g, m=zeros, b=zeros, *, lr=1e-3, eps=1e-8, wd=0.0, eta=0.0):
    """KATE: Adagrad without the root, where a second sum keeps the rates from falling too fast.

    The rate of an entry has the sum of squares itself in its denominator, and in its numerator the
    root of another sum: of squared gradients over the first sum, plus eta times themselves. With
    eta and eps 0 the outputs of a linear model do not depend on the scale of its features. eps is
    added to the first sum on every step. Weight decay is decoupled and reads the parameters before
    the step.
    """
    b = b + square(g) + eps
    m = m + square(g) * eta + square(g) / b
    return lr * (sqrt(m) * g / b + wd * w)
