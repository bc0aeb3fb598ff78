"""Optimistic gradient descent."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import first_g
from dsl.zoo.entry import Reference, entry


@entry(
    paper="A Unified Analysis of Extra-gradient and Optimistic Gradient Methods for Saddle Point "
    "Problems: Proximal Point Approach (Mokhtari et al.)",
    year=2020,
    reference=Reference(
        "optax:optimistic_gradient_descent",
        {"learning_rate": "lr", "alpha": "alpha", "beta": "beta"},
        at={"lr": 0.05, "alpha": 0.75},
    ),
    hypers={
        "alpha": Hyper("weight of the gradient"),
        "beta": Hyper("weight of its change since the last step"),
    },
)
def optimistic_gd(w, g, last=first_g, *, lr=1e-2, alpha=1.0, beta=1.0):
    """Optimistic gradient descent: the gradient and its last change, as a guess of the next one.

    An extragradient method that saves the second gradient. The change is 0 on the first step. As
    online mirror descent in the Euclidean geometry it plays the points w - lr * last.
    """
    u = (alpha + beta) * g - beta * last
    last = g
    return lr * u
