"""Gradient descent with the gradient clipped or normalized."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import clip_by_global_norm, global_norm, maximum, minimum, quantile
from dsl.zoo.entry import Dense, Reference, entry


@entry(
    paper="On the difficulty of training Recurrent Neural Networks (Pascanu et al.)",
    year=2013,
    reference=Dense(at={"lr": 0.05, "c": 0.75}),
    hypers={"c": Hyper("largest norm of the gradient")},
)
def norm_clipped_sgd(w, g, *, lr=1e-2, c=1.0):
    """Norm clipping: a step along the gradient, which is scaled down to norm c where it is longer.

    One norm for the whole model, without an eps below it; PyTorch's clip_grad_norm_ adds 1e-6.
    """
    return lr * clip_by_global_norm(g, c)


@entry(
    paper="Toward Understanding Why Adam Converges Faster Than SGD for Transformers (Pan and Li)",
    year=2023,
    reference=Dense(
        at={"lr": 0.05, "q": 0.3},
        doubts="the published fraction, and whether it is taken over the model or each tensor",
    ),
    hypers={"q": Hyper("fraction of the entries that are clipped", 0, 1)},
)
def coordinate_clipped_sgd(w, g, *, lr=1e-2, q=0.1):
    """Coordinate clipping: a step along the gradient, whose largest entries are cut down.

    In each tensor, the entries whose magnitude is among the largest fraction q are cut to the
    quantile that separates them from the others.
    status: unverified
    """
    bound = quantile(abs(g), 1 - q)
    return lr * maximum(minimum(g, bound), -bound)


@entry(
    paper="Beyond Convexity: Stochastic Quasi-Convex Optimization (Hazan et al.)",
    year=2015,
    reference=Reference(
        "optax:normalize_by_update_norm", {"scale_factor": "-lr", "eps": "eps"}, at={"lr": 0.05}
    ),
)
def normalized_gd(w, g, *, lr=1e-2, eps=1e-6):
    """Normalized gradient descent: a step of length lr along the gradient.

    One norm for the whole model; eps, which the paper does without, is added to it.
    """
    return lr * g / (global_norm(g) + eps)
