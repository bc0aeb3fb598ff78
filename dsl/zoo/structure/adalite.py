"""Adalite."""

from typing import Any

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    col_mean,
    col_sum,
    cols,
    column_count,
    exp,
    interp,
    max_abs,
    maximum,
    minimum,
    ndim,
    norm,
    row_count,
    row_mean,
    row_sum,
    rows,
    scalar,
    sqrt,
    square,
    sum,
    where,
)
from dsl.zoo.entry import Reference, entry


def _row_weights(x: Any) -> Any:
    """The softmax of a number per row, none of them negative; of a stack some may vanish."""
    part = exp(minimum(x - max_abs(x), 0))  # XLA may round x twice, each time in another way
    return part / maximum(col_sum(part), 1e-30)


def _col_weights(x: Any) -> Any:
    """The softmax of a number per column, none of them negative; of a stack some may vanish."""
    part = exp(minimum(x - max_abs(x), 0))  # XLA may round x twice, each time in another way
    return part / maximum(row_sum(part), 1e-30)


@entry(
    paper="Adalite (code at github.com/VatsaDev/adalite; there is no paper)",
    year=2024,
    reference=Reference(
        "pytorch_optimizer:Adalite",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps1": "eps",
            "weight_decay": "wd",
            "ratio_min": "least",
            "tau": "tau",
        },
        at={"least": 4.0, "tau": 1e-3},
        ranks=(0, 1, 2),
        undefined="the library makes matrices of larger tensors by their first axis",
    ),
    hypers={
        "eps": Hyper("added to the second moment inside the root"),
        "least": Hyper("least size of the parameters, as a part of the gradient's"),
        "tau": Hyper("how evenly rows and columns count for the momentum that is kept"),
    },
)
def adalite(
    w, g, t,
    r=rows(0), c=cols(0), side=rows(0), top=cols(0), size=scalar(0),
    *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-6, wd=1e-2, least=1e-4, tau=1.0,
):  # fmt: skip
    """Adalite: Adam's moments kept as one row and one column each, from gradients as long as w.

    Of a matrix the second moment, of distances from the momentum, keeps its sums by rows and its
    shares by columns, and momentum its projections on weighted rows and columns; a softmax of the
    second moment says how rows and columns count, and which entries take the gradient itself. The
    columns of a vector are its entries, kept whole. A gradient is scaled to the norm of the
    parameters, a number is not. Only the second moment is bias-corrected; eps is inside its root.
    Weight decay is decoupled and reads the parameters before the step.
    """
    matrix = ndim(w) > 1
    ratio = maximum(norm(w) / maximum(norm(g), 1e-10), least)
    g = where(ndim(w) + column_count(w) > 2, ratio, 1) * g
    v = where(matrix, r * c / maximum(col_sum(r), 1e-10), c)
    m = where(matrix, size * side * top, top)
    m = interp(g, m, b1)
    v = interp(square(g - m), v, b2)
    old = _row_weights(row_mean(v)) * _col_weights(col_mean(v))
    m = where(matrix, old * m + (1 - old) * g, m)
    r = row_sum(v)
    c = where(matrix, col_sum(v) / maximum(sum(v), 1e-10), col_sum(v))
    side = row_sum(m * _col_weights(col_mean(v) / tau))
    top = where(matrix, col_sum(m * _row_weights(row_mean(v) / tau)), col_sum(m))
    squares = sum(square(side)) / column_count(w) * sum(square(top)) / row_count(w)
    size = sum(side * m * top) / maximum(squares, 1e-10)
    return lr * (interp(g, m, b1) / sqrt(v / (1 - b2**t) + eps) + wd * w)
