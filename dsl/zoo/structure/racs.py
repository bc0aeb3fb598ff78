"""RACS."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    col_mean,
    cols,
    equal,
    interp,
    maximum,
    norm,
    row_mean,
    rows,
    scalar,
    sqrt,
    square,
    where,
)
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Towards Efficient Optimizer Design for LLM via Structured Fisher Approximation with a "
    "Low-Rank Extension (Gong et al.)",
    year=2025,
    reference=Reference(
        "pytorch_optimizer:RACS",
        {
            "lr": "lr",
            "beta": "b2",
            "eps": "eps",
            "weight_decay": "wd",
            "alpha": "alpha",
            "gamma": "gamma",
            "foreach": False,
        },
        ranks=(2,),
        undefined="the library flattens other tensors to matrices",
    ),
    hypers={
        "alpha": Hyper("factor on the rate"),
        "gamma": Hyper("largest growth of the scaled gradient's norm from step to step"),
    },
)
def racs(
    w, g, t, row=rows(0), col=cols(1), last=scalar(0),
    *, lr=1e-3, b2=0.9, eps=1e-8, wd=0.0, alpha=0.05, gamma=1.01,
):  # fmt: skip
    """RACS: the gradient over roots of average squares of its rows and its columns.

    For matrices. Averages of columns begin at 1, those of rows at 0; eps is added to both below
    their roots. The norm of what comes out may grow by gamma on a step; eps is added to the last.
    Weight decay is decoupled and reads the parameters before the step. The paper finds rows and
    columns by a fixed-point iteration, which the library leaves out.
    """
    row = interp(row_mean(square(g)), row, b2)
    col = interp(col_mean(square(g)), col, b2)
    u = g / (sqrt(row + eps) * sqrt(col + eps))
    size = norm(u)
    part = where(equal(t, 1), 1, gamma / maximum(size / (last + eps), gamma))
    last = part * size
    return lr * (alpha * part * u + wd * w)
