"""Stochastic gradient descent, plain and with momentum."""

from dsl.ops import zeros
from dsl.zoo.entry import Reference, entry

_SGD = {"lr": "lr", "weight_decay": "wd"}
_AT = {"lr": 0.05}


@entry(
    paper="A Stochastic Approximation Method (Robbins and Monro)",
    year=1951,
    reference=Reference("torch.optim:SGD", _SGD, at=_AT),
)
def sgd(w, g, *, lr=1e-3, wd=0.0):
    """SGD: a step along the gradient.

    Weight decay is coupled (added to the gradient), which for this rule is the decoupled one too.
    """
    return lr * (g + wd * w)


@entry(
    paper="Some methods of speeding up the convergence of iteration methods (Polyak)",
    year=1964,
    reference=Reference("torch.optim:SGD", {**_SGD, "momentum": "b1"}, at=_AT),
)
def heavy_ball(w, g, m=zeros, *, lr=1e-3, b1=0.9, wd=0.0):
    """Heavy ball: a sum of past gradients that fades by b1, with the rate outside of the sum.

    PyTorch's and Optax's form, without dampening. Polyak's keeps lr * g in the sum: the same path
    at a constant rate, another one under a schedule. Weight decay is coupled.
    """
    m = b1 * m + (g + wd * w)
    return lr * m


@entry(
    paper="A method for solving the convex programming problem with convergence rate O(1/k^2) "
    "(Nesterov)",
    year=1983,
    reference=Reference("torch.optim:SGD", {**_SGD, "momentum": "b1", "nesterov": True}, at=_AT),
)
def nesterov(w, g, m=zeros, *, lr=1e-3, b1=0.9, wd=0.0):
    """Nesterov momentum: heavy ball that looks one step of momentum ahead.

    PyTorch's and Optax's form with a constant b1: the parameters stand at the look-ahead point, so
    no second gradient is needed, and the rate is outside of the sum. Weight decay is coupled.
    """
    g = g + wd * w
    m = b1 * m + g
    return lr * (g + b1 * m)
