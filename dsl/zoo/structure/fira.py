"""Fira."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    col_norm,
    column_count,
    equal,
    every,
    identity,
    interp,
    maximum,
    mode_product,
    norm,
    row_count,
    row_norm,
    scalar,
    sqrt,
    square,
    transpose,
    when,
    where,
    zeros,
)
from dsl.zoo.entry import Dense, entry
from dsl.zoo.structure.galore import projection


@entry(
    paper="Fira: Can We Achieve Full-rank Training of LLMs Under Low-rank Constraint? "
    "(Chen et al.)",
    year=2024,
    reference=Dense(
        at={"size": 2, "period": 7, "scale": 0.5},
        ranks=(2,),
        undefined="leading singular vectors are those of a matrix",
    ),
    hypers={
        "size": Hyper("dimensions that the gradient is projected to", 1, whole=True),
        "period": Hyper("steps between changes of the projection", 1, whole=True),
        "scale": Hyper("of what is projected back"),
    },
)
def fira(
    w, g, t, m=zeros, v=zeros, q=identity(0), last=scalar(0),
    *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-6, wd=0.0, size=128, period=200, scale=0.25,
):  # fmt: skip
    """Fira: GaLore plus what the projection loses of the gradient, scaled as Adam scales the rest.

    For matrices. The projection is found on the first step and on every period-th. Rows (columns,
    for a matrix wider than tall) of what it loses are multiplied by how much Adam changed the norm
    of the projected ones, and the norm of the whole may grow by a hundredth on a step. Signs of
    singular vectors, moments and their order are as in GaLore: eps is added to the root before its
    bias correction, and weight decay is decoupled and acts on the parameters that the step leaves.
    """
    turn = maximum(equal(t, 1), every(t, period, 0))
    q = when(turn, projection(g, size), q)
    r = mode_product(transpose(q), g)
    m = interp(r, m, b1)
    v = interp(square(r), v, b2)
    u = m / (sqrt(v) + eps)
    by_row = row_norm(u) / (row_norm(r) + 1e-8)
    by_column = col_norm(u) / (col_norm(r) + 1e-8)
    tall = row_count(w) > column_count(w) - 0.5
    rest = where(tall, by_row, by_column) * (g - scale * mode_product(q, r))
    length = norm(rest)
    limit = where(equal(t, 1), 1, maximum(length / (last + 1e-8), 1.01) / 1.01)
    last = length / limit
    u = scale * mode_product(q, u) + rest / limit
    u = lr * sqrt(1 - b2**t) / (1 - b1**t) * u
    return u + lr * wd * (w - u)
