"""LANTON."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    column_count,
    first_g,
    global_max_abs,
    interp,
    norm,
    nuclear_norm,
    row_count,
    scalar,
    sqrt,
    square,
    zeros,
)
from dsl.zoo.entry import Dense, entry
from dsl.zoo.structure.muon import orthogonalised


@entry(
    paper="Noise-Adaptive Layerwise Learning Rates: Accelerating Geometry-Aware Optimization for "
    "Deep Neural Network Training (Hao et al.)",
    year=2025,
    reference=Dense(
        ranks=(2, 3, 4),
        undefined="layers are matrices or stacks of them",
        at={"b2": 0.5, "alpha": 0.5},
        doubts="the formula is from memory, its place of alpha and its defaults above all",
    ),
    hypers={
        "b2": Hyper("decay of the noise of a layer", 0, 1),
        "alpha": Hyper("noise that halves the square of a layer's share of the rate"),
    },
)
def lanton(
    w, g, m=zeros, h=scalar(0), last=first_g,
    *, lr=0.005, b1=0.95, b2=0.9, eps=1e-8, wd=0.0, alpha=1.0,
):  # fmt: skip
    """LANTON: Muon whose rate is smaller for layers with noisier gradients.

    The noise of a layer is an average of the squared change of its gradient, 0 on the first step,
    in the norm dual to that of its steps: the nuclear norm times the root of rows / columns. The
    quietest layer gets the whole rate. For hidden layers alone, all of them one group; a tensor of
    rank 3 or more is a stack of matrices. eps is added to the norm before the iteration. Weight
    decay is decoupled and takes the whole rate.

    status: unverified.
    """
    size = sqrt(row_count(w) / column_count(w))
    m = interp(g, m, b1)
    d = g - last
    last = g
    h = interp(square(size * nuclear_norm(d)), h, b2)
    a = alpha / sqrt(alpha**2 + h)
    u = size * orthogonalised(m / (norm(m) + eps))
    return lr * (sqrt(a / global_max_abs(a)) * u + wd * w)
