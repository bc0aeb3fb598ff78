"""AdaMod."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import interp, minimum, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="An Adaptive and Momental Bound Method for Stochastic Learning (Ding et al.)",
    year=2019,
    reference=Reference(
        "pytorch_optimizer:AdaMod",
        {
            "lr": "lr",
            "betas": ("b1", "b2", "b3"),
            "eps": "eps",
            "weight_decay": "wd",
            "weight_decouple": True,
            "foreach": False,
        },
        at={"b3": 0.9},
    ),
    hypers={"b3": Hyper("decay of the average of rates", 0, 1)},
)
def adamod(
    w, g, t, m=zeros, v=zeros, s=zeros, *, lr=1e-3, b1=0.9, b2=0.999, b3=0.999, eps=1e-8, wd=0.0
):
    """AdaMod: Adam whose entries have rates of at most the average of their rates so far.

    The average starts at 0 and is not corrected, which makes a warm-up of some 1 / (1 - b3) steps.
    Rates are bias-corrected, with eps added to the uncorrected root. Weight decay is decoupled and
    reads the parameters before the step.
    """
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    rate = lr * sqrt(1 - b2**t) / (1 - b1**t) / (sqrt(v) + eps)
    s = interp(rate, s, b3)
    return minimum(rate, s) * m + lr * wd * w
