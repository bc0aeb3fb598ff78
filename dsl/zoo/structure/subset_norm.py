"""Subset-Norm: a second moment for each of a partition of the entries."""

from dsl.ops import col_sum, cols, interp, row_sum, rows, sqrt, square, where, zeros
from dsl.zoo.entry import Dense, entry

_PAPER = (
    "Subset-Norm and Subspace-Momentum: Faster Memory-Efficient Adaptive Optimization with "
    "Convergence Guarantees (Nguyen and Nguyen)"
)


@entry(paper=_PAPER, year=2025, reference=Dense(ranks=(0, 1, 2)))
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
    v = where(col_sum(1) < row_sum(1), c, r)
    u = sqrt(1 - b2**t) / (1 - b1**t) * m / (sqrt(v) + eps)
    return lr * (u + wd * (w - lr * u))
