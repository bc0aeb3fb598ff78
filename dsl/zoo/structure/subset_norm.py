"""Subset-Norm and Subspace-Momentum: moments in fewer dimensions than the parameters have."""

from typing import Any

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    col_sum,
    cols,
    column_count,
    equal,
    every,
    identity,
    interp,
    maximum,
    mode_product,
    row_count,
    row_sum,
    rows,
    sqrt,
    square,
    transpose,
    when,
    where,
    zeros,
)
from dsl.zoo.entry import Dense, entry
from dsl.zoo.structure.galore import projection

_PAPER = (
    "Subset-Norm and Subspace-Momentum: Faster Memory-Efficient Adaptive Optimization with "
    "Convergence Guarantees (Nguyen and Nguyen)"
)
_UNDEFINED = "a leading singular subspace is one of a matrix"
_SUBSPACE = {
    "size": Hyper("dimensions of the subspace that has momentum", 1, whole=True),
    "period": Hyper("steps between changes of the subspace", 1, whole=True),
}


def _of_subsets(w: Any, r: Any, c: Any) -> Any:
    """Moments of rows where there are at least as many of them as columns, else of columns."""
    return where(row_count(w) < column_count(w), c, r)


@entry(
    paper=_PAPER,
    year=2025,
    reference=Dense(ranks=(0, 1, 2), undefined="subsets are rows or columns of a matrix"),
)
def subset_norm_adam(
    w, g, t, m=zeros, r=rows(0), c=cols(0),
    *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-6, wd=0.0,
):  # fmt: skip
    """Subset-Norm Adam: Adam with one second moment for each row or column of a matrix.

    The subsets are the authors' simple ones: the rows of a matrix that has at least as many of them
    as columns, else its columns; a vector is treated as by Adam. The moment is of the sum of
    squares, not their mean, so rates are about ten times those of Adam. Both averages are
    bias-corrected, but eps is added to the root before its correction. Weight decay is decoupled
    and reads the parameters after the step.
    """
    m = interp(g, m, b1)
    r = interp(row_sum(square(g)), r, b2)
    c = interp(col_sum(square(g)), c, b2)
    u = sqrt(1 - b2**t) / (1 - b1**t) * m / (sqrt(_of_subsets(w, r, c)) + eps)
    return lr * (u + wd * (w - lr * u))


@entry(
    paper=_PAPER,
    year=2025,
    reference=Dense(at={"lr": 2**-5, "size": 2, "period": 7}, ranks=(2,), undefined=_UNDEFINED),
    hypers=_SUBSPACE,
)
def subspace_momentum(
    w, g, t, m=zeros, q=identity(0), *, lr=1e-3, b1=0.9, wd=0.0, size=128, period=200
):
    """Subspace-Momentum: momentum in a gradient's leading singular subspace, SGD outside of it.

    For matrices, on their shorter side; a square one is projected from the right. The subspace is
    made anew from the gradient of step 1 and of every period-th step, before it is used, and the
    momentum begins again there (the authors' code lets it go on for one step in the new subspace).
    Momentum is an average without bias correction. Weight decay is decoupled and reads the
    parameters after the step.
    """
    fresh = maximum(equal(t, 1), every(t, period, 0))
    q = when(fresh, projection(g, size), q)
    p = mode_product(transpose(q), g)
    m = interp(p, when(fresh, 0, m), b1)
    u = g + mode_product(q, m - p)
    return lr * (u + wd * (w - lr * u))


@entry(
    paper=_PAPER,
    year=2025,
    reference=Dense(at={"size": 2, "period": 7}, ranks=(2,), undefined=_UNDEFINED),
    hypers=_SUBSPACE,
)
def subset_norm_subspace_momentum(
    w, g, t, m=zeros, r=rows(0), c=cols(0), q=identity(0),
    *, lr=1e-3, b1=0.9, eps=1e-6, wd=0.0, size=128, period=200,
):  # fmt: skip
    """Subset-Norm with Subspace-Momentum: Adagrad with a sum per subset, momentum in a subspace.

    The authors' AdaGrad form, for matrices, without bias correction; with the averages and the
    corrections of Subset-Norm Adam it is their Adam form. Subsets are those of that rule, the
    subspace is that of Subspace-Momentum, but momentum ends as in their code: where the subspace
    changes, the old one, whose coordinates are those of the former subspace, makes one more step as
    if they were of the new one, and the next step begins at 0. So the signs of singular vectors
    matter: the largest entry of each is positive here. eps is added to the root. Weight decay is
    decoupled and reads the parameters after the step.
    """
    fresh = maximum(equal(t, 1), every(t, period, 0))
    q = when(fresh, projection(g, size), q)
    p = mode_product(transpose(q), g)
    m = interp(p, m, b1)
    n = g + mode_product(q, m - p)
    m = when(fresh * (t > 1), 0, m)
    r = r + row_sum(square(g))
    c = c + col_sum(square(g))
    u = n / (sqrt(_of_subsets(w, r, c)) + eps)
    return lr * (u + wd * (w - lr * u))
