"""Grafted Shampoo, as in DASH."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    equal,
    every,
    gram,
    identity,
    interp,
    matrix_power,
    maximum,
    mode_product,
    ndim,
    norm,
    sqrt,
    square,
    when,
    zeros,
)
from dsl.zoo.entry import Reference, entry


@entry(
    paper="DASH: Faster Shampoo via Batched Block Preconditioning and Efficient Inverse-Root "
    "Solvers (Modoranu et al.)",
    year=2026,
    reference=Reference(
        "pytorch_optimizer:DASH",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "matrix_eps": "damping",
            "precondition_frequency": "period",
            "inverse_root_method": "'eigh'",
        },
        at={"damping": 2**-10, "period": 7},
        ranks=(0, 1, 2),
        undefined="the library flattens tensors of more axes",
    ),
    hypers={
        "damping": Hyper("half of what is added to the eigenvalues below their root"),
        "period": Hyper("steps between changes of the roots", 1, whole=True),
    },
)
def dash(
    w, g, t, m=zeros, v=zeros, h=identity(0), root=identity(1),
    *, lr=1e-3, b1=0.9, b2=0.95, eps=1e-8, wd=0.0, damping=1e-8, period=10,
):  # fmt: skip
    """DASH: the momentum in Shampoo's direction, with the norm of Adam's step.

    Distributed Shampoo (Shi et al. 2023) with averages of second moments along the axes: fourth
    roots for a matrix, the square root for a vector, made on the first step and on every period-th.
    Roots come from eigendecompositions here; the paper's point is to do without, in blocks of 1024.
    The damping is 1e-10 in the library, which keeps roots in float32.
    The Adam step is bias-corrected and adds eps to its root. Weight decay is decoupled and reads
    the parameters before the step.
    """
    h = interp(gram(g), h, b2)
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    adam = m / (1 - b1**t) / (sqrt(v / (1 - b2**t)) + eps)
    turn = maximum(equal(t, 1), every(t, period, 0))
    root = when(turn, matrix_power(h, -1 / (2 * maximum(ndim(w), 1)), 2 * damping), root)
    u = mode_product(root, m)
    return lr * (norm(adam) / (norm(u) + 1e-16) * u + wd * w)
