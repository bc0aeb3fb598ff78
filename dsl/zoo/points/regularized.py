"""Gradient regularization."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import grad_at
from dsl.zoo.entry import Dense, entry


@entry(
    paper="Understanding Gradient Regularization in Deep Learning: Efficient Finite-Difference "
    "Computation and Implicit Bias (Karakida et al.)",
    year=2023,
    reference=Dense(doubts="the defaults, which the paper chooses by task"),
    hypers={
        "gamma": Hyper("weight of half the squared norm of the gradient in the loss"),
        "ascent": Hyper("length of the ascent, in gradients"),
    },
)
def gradient_regularized_sgd(w, g, *, lr=0.1, wd=0.0, gamma=0.1, ascent=0.05):
    """Gradient-regularized SGD: a penalty on the gradient's norm, by a difference along it.

    The forward form: the product of Hessian and gradient is the difference to the gradient after an
    ascent that is not normalized. Weight decay is coupled and not part of the penalty.

    status: unverified
    """
    curved = (grad_at(w + ascent * g) - g) / ascent
    return lr * (g + gamma * curved + wd * w)
