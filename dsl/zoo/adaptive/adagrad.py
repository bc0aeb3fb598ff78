"""Adagrad, for every entry and for the whole model."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import global_dot, number, sqrt, square, zeros
from dsl.zoo.entry import Dense, Reference, entry


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


@entry(
    paper="AdaGrad stepsizes: Sharp convergence over nonconvex landscapes (Ward, Wu and Bottou)",
    year=2019,
    reference=Dense(),
    hypers={"b0": Hyper("norm of the gradients before the first; bounds the first step")},
)
def adagrad_norm(w, g, v=number(0), *, lr=1.0, b0=0.1):
    """AdaGrad-Norm: the gradient over the root of the sum of all squared gradient norms.

    One number for the whole model, so the step is along the gradient. The sum starts at b0 squared
    and takes in the gradient before the step divides by it; nothing is added to the root. The paper
    leaves lr and b0 open, these are for gradients of norm around 1.
    """
    v = v + global_dot(g, g)
    return lr * g / sqrt(square(b0) + v)
