"""SRMM."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import every, interp, number, where, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Stochastic Regularized Majorization-Minimization with Weakly Convex and Multi-Convex "
    "Surrogates (Lyu)",
    year=2024,
    reference=Reference(
        "pytorch_optimizer:SRMM",
        {"lr": "lr", "beta": "beta", "memory_length": "memory", "foreach": False},
        at={"memory": 12},
    ),
    hypers={
        "beta": Hyper("power by which the weight of the newest point and gradient falls"),
        "memory": Hyper("steps after which the weights begin again", 1, whole=True),
    },
)
def srmm(
    w, g, m=zeros, center=zeros, count=number(0), *, lr=1e-2, beta=0.5, memory=100
):  # fmt: skip
    """SRMM: the minimum of an average of quadratic models, each around a point of the past.

    Points and gradients are averaged with weights that fall as (count + 1) ** -beta, and the
    parameters become the average of the points less lr times that of the gradients. The averages
    begin at 0, so the first step shrinks the parameters, as in the reference; the weights begin
    again after `memory` steps.
    """
    count = where(every(count + 1, memory, 0), 0, count + 1)
    keep = 1 - (count + 1) ** -beta
    m = interp(g, m, keep)
    center = interp(w, center, keep) - lr * m
    return w - center
