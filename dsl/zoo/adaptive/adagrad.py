"""Adagrad."""

from dsl.ops import sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Adaptive Subgradient Methods for Online Learning and Stochastic Optimization "
    "(Duchi, Hazan and Singer)",
    year=2011,
    reference=Reference("torch.optim:Adagrad", {"lr": "lr", "eps": "eps", "weight_decay": "wd"}),
)
def adagrad(w, g, v=zeros, *, lr=1e-2, eps=1e-10, wd=0.0):
    """Adagrad: the gradient over the root of the sum of all squared gradients.

    PyTorch's form: the sum starts at 0 and eps is added to its root (Optax starts it at 0.1 and
    adds eps inside). Weight decay is coupled.
    """
    g = g + wd * w
    v = v + square(g)
    return lr * g / (sqrt(v) + eps)
