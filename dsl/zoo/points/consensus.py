"""Consensus-based optimization: a swarm that contracts to where its losses are low."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    losses_at,
    member_norm,
    minimum,
    normal_like,
    population,
    softmax,
    sqrt,
    weighted_sum,
    when,
)
from dsl.zoo.entry import Dense, entry

_PAPER = "A consensus-based model for global optimization and its mean-field limit (Pinnau et al.)"
_PAPER_ANISOTROPIC = (
    "A consensus-based global optimization method for high dimensional machine learning problems "
    "(Carrillo et al.)"
)
_HYPERS = {
    "lr": Hyper("step in time"),
    "pull": Hyper("how fast members go to the consensus"),
    "sigma": Hyper("standard deviation of the noise, in distances from the consensus"),
    "alpha": Hyper("how much better losses count: 0 for the mean of all members"),
    "growth": Hyper("by which alpha is multiplied after each step"),
    "spread": Hyper("standard deviation of the members around the parameters at the start"),
}
_AT = {"lr": 0.125, "pull": 2, "sigma": 0.7, "alpha": 8, "spread": 0.5}


@entry(
    paper=_PAPER,
    year=2017,
    reference=Dense(
        at={**_AT, "sigma": 0.2},
        note="at the defaults the model's 52 parameters end at 1e20",
    ),
    hypers=_HYPERS,
)
def consensus_based_optimization(
    w, t, x=population(20), *, lr=0.01, pull=1, sigma=5.1, alpha=1, growth=1.05, spread=1
):  # fmt: skip
    """Consensus-based optimization: members drift to their softmin and diffuse by their distance.

    The parameters become the consensus, the mean of the members weighted by exp(-alpha * loss),
    which then moves these. Isotropic noise: that of every entry scales with the member's distance
    from the consensus over the whole model, so that the defaults, those of CBXpy, scatter the swarm
    where there are more than a few parameters. alpha grows up to 1e5. The members start at normal
    distances from the parameters and see the batch of the step; no gradient is asked.
    """
    x = when(t < 2, x + spread * normal_like(x, 1), x)
    alpha = minimum(alpha * growth ** (t - 1), 1e5)
    m = weighted_sum(x, softmax(-alpha * losses_at(x)))
    d = x - m
    x = x - pull * lr * d + sigma * sqrt(lr) * member_norm(d) * normal_like(x, 0)
    return w - m


@entry(
    paper=_PAPER_ANISOTROPIC,
    year=2021,
    reference=Dense(
        at=_AT,
        near=0.25,
        note="at the defaults paths a rounding error apart part by 3e4 in 50 steps",
    ),
    hypers=_HYPERS,
)
def consensus_based_optimization_anisotropic(
    w, t, x=population(20), *, lr=0.01, pull=1, sigma=5.1, alpha=1, growth=1.05, spread=1
):  # fmt: skip
    """Anisotropic consensus-based optimization: each entry diffuses by its own distance.

    As the isotropic form, with noise that scales with the entry's distance from the consensus and
    not with the member's: what contracts does so in any number of dimensions. (Its paper also lets
    the members see random subsets of the data.)
    """
    x = when(t < 2, x + spread * normal_like(x, 1), x)
    alpha = minimum(alpha * growth ** (t - 1), 1e5)
    m = weighted_sum(x, softmax(-alpha * losses_at(x)))
    d = x - m
    x = x - pull * lr * d + sigma * sqrt(lr) * d * normal_like(x, 0)
    return w - m
