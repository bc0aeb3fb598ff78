"""AdaSmooth."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import abs, copy_w, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="AdaSmooth: An Adaptive Learning Rate Method based on Effective Ratio (Lu)",
    year=2022,
    reference=Reference(
        "pytorch_optimizer:AdaSmooth",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "foreach": False,
        },
    ),
    hypers={
        "b1": Hyper("root of the decay where an entry moves straight on, from 1 down", 0, 1),
        "b2": Hyper("root of the decay where an entry gets nowhere, from 1 down", 0, 1),
        "eps": Hyper("keeps two denominators from zero"),
    },
)
def adasmooth(
    w, g, start=copy_w, last=copy_w, way=zeros, v=zeros,
    *, lr=1e-3, b1=0.5, b2=0.99, eps=1e-6, wd=0.0,
):  # fmt: skip
    """AdaSmooth: RMSProp that forgets sooner in entries that have gone straight to where they are.

    How straight is the distance of an entry from its start, as a part of the way it has made: the
    library counts from the first step, the paper within a window. It sets the weight of the new
    square between (1 - b2)^2 and (1 - b1)^2. eps is added to the way and inside the root. Weight
    decay is coupled.
    """
    g = g + wd * w
    way = way + abs(w - last)
    last = w
    straight = abs(w - start) / (way + eps)
    c = (b2 - b1) * straight + (1 - b2)
    v = v + square(c) * (square(g) - v)
    return lr * g / sqrt(v + eps)
