"""Shampoo."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import gram, identity, matrix_power, mode_product, ndim
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Shampoo: Preconditioned Stochastic Tensor Optimization (Gupta et al.)",
    year=2018,
    reference=Reference(
        "pytorch_optimizer:Shampoo",
        {"lr": "lr", "matrix_eps": "eps", "weight_decay": "wd", "foreach": False},
        at={"lr": 2**-5},
    ),
    hypers={"eps": Hyper("multiple of the identity that the matrices start from")},
)
def shampoo(w, g, h=identity(0), *, lr=1e-3, eps=1e-6, wd=0.0):
    """Shampoo: the gradient times an inverse root of its summed second moments along every axis.

    For a tensor of k axes each root is the 2k-th: a matrix is L^(-1/4) g R^(-1/4), a vector is
    preconditioned by a full matrix as in Adagrad, a number moves as under SGD. The sums begin at
    eps times the identity; roots are taken on every step. Weight decay is coupled and enters the
    sums.
    """
    g = g + wd * w
    h = h + gram(g)
    return lr * mode_product(matrix_power(h, -1 / (2 * ndim(w)), eps), g)
