"""PSGD with Kronecker-factored preconditioners."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    axis_scaled,
    axis_sum,
    every,
    exp,
    gram,
    identity,
    interp,
    less,
    log,
    matmul,
    matrix_max_abs,
    max_abs,
    maximum,
    minimum,
    mode_product,
    ndim,
    norm_bound,
    normal,
    number,
    rms,
    solve_lower,
    square,
    transpose,
    unit_sum,
    units,
    upper_triangle,
    when,
    where,
    zeros,
)
from dsl.zoo.entry import Dense, entry

_EPS = 1.1754943508222875e-38
"""The least number above 0 in the formats of deep learning: keeps a step from 0 over 0."""


@entry(
    paper="Curvature-Informed SGD via General Purpose Lie-Group Preconditioners (Pooladzandi & Li)",
    year=2024,
    reference=Dense(
        at={
            **{"lr": 0.0625, "wd": 0.125, "pace": 0.5},
            **{"flat": 10, "fall": 0.05, "least": 0.25, "bound": 0.75},
        }
    ),
    hypers={
        "pace": Hyper("rate of the preconditioner"),
        "flat": Hyper("steps that all change the preconditioner", whole=True),
        "fall": Hyper("decay of the frequency of changes after them"),
        "least": Hyper("least frequency of changes", 0, 1),
        "bound": Hyper("largest root mean square of a step, as a part of the rate"),
    },
)
def kron(
    w, g, t, m=zeros, q=identity(1), d=units(1), since=number(0), made=number(0),
    *, lr=1e-3, b1=0.9, wd=0.0, pace=0.1, flat=500, fall=1e-3, least=0.03, bound=1.1,
):  # fmt: skip
    """PSGD-Kron: a preconditioner `Q^T Q` of an upper triangle per axis that is fitted to noise.

    Q whitens the momentum: it moves, as a member of the group of such matrices, until Q times the
    momentum and the inverse of `Q^T` times normal noise have the same inner products along every
    axis. That takes products and triangular solves, no decomposition. Every step changes it at
    first, then fewer do. On every 100th change the factors are brought to equal largest entries,
    which alters no step but by rounding (the authors draw such changes, 1 of 100). Vectors and
    numbers have a diagonal for a factor. Momentum is bias-corrected, and a preconditioned step of a
    root mean square above `bound` is scaled to it. Weight decay is decoupled, reads the parameters
    before the step, and leaves vectors and numbers alone.
    """
    m = interp(g, m, b1)
    ahead = m / (1 - b1**t)
    often = maximum(minimum(exp(-fall * (t - 1 - flat)), 1), least)
    since = since + 1
    change = 1 - less(since, 1 / often)
    since = where(change, 0, since)
    made = made + change
    largest = matrix_max_abs(q)
    middle = exp(axis_sum(log(largest), 0) / ndim(w))
    even = when(change * every(made, 100, 0), axis_scaled(q, middle / largest), q)
    noise = normal(1)
    whitened, coloured = mode_product(even, ahead), solve_lower(transpose(even), noise)
    one, other = gram(whitened), gram(coloured)
    slope = matmul(upper_triangle(one - other), even)
    fitted = even - axis_scaled(slope, pace / (norm_bound(one + other) + _EPS))
    q = when(change, fitted, q)
    p, r = square(d * ahead), square(noise / d)
    moved = d - pace * d * unit_sum(p - r) / (max_abs(p + r) + _EPS)
    d = where(ndim(w) > 1, d, where(change, moved, d))
    factored = mode_product(transpose(q), mode_product(q, ahead))
    u = where(ndim(w) > 1, factored, square(d) * ahead)
    u = u * minimum(1, bound / (rms(u) + 1e-6))
    return lr * (u + where(ndim(w) > 1, wd * w, 0))
