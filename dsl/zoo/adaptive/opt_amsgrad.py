"""Optimistic AMSGrad: with a prediction of the next gradient, and with the last step taken back."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    const,
    copy_w,
    equal,
    global_gram_solve,
    history,
    interp,
    maximum,
    place,
    push,
    sqrt,
    square,
    weighted_mean,
    weighted_sum,
    where,
    zeros,
)
from dsl.zoo.entry import Dense, entry

_PAPER = "An Optimistic Acceleration of AMSGrad for Nonconvex Optimization (Wang et al.)"
_AT = {"lr": 2**-6, "b2": 0.9}


@entry(
    paper=_PAPER,
    year=2021,
    reference=Dense(
        at={**_AT, "lam": 2**-3},
        doubts="how many differences the prediction takes, its first steps, and the default of lam",
    ),
    hypers={"lam": Hyper("regularization of the extrapolation")},
)
def opt_amsgrad(
    w, g, t, m=zeros, v=const(1e-8), top=zeros, y=copy_w, x=history(5), d=history(5),
    *, lr=1e-3, b1=0.9, b2=0.999, lam=1e-3,
):  # fmt: skip
    """OPT-AMSGrad: AMSGrad on a hidden point, then a step along a prediction of the next gradient.

    The prediction is a regularized minimal polynomial extrapolation over the whole model: a mean of
    the five gradients before the present one, with weights of sum 1 that make the same mean of the
    five differences that follow them small. Here those that were not made yet have no weight, and
    the first step predicts its own gradient. The step along the prediction weighs it against the
    momentum of before this step, as printed. No bias correction; the second moment starts at the
    paper's 1e-8, which keeps the root from zero.

    status: unverified
    """
    d = push(d, where(t > 1, g - weighted_sum(x, equal(place(x), 0)), 0))
    c = global_gram_solve(d, place(d) < t - 1, lam)
    p = interp(where(t > 1, weighted_mean(x, c), g), m, b1)
    x = push(x, g)
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    top = maximum(top, v)
    y = y - lr * m / sqrt(top)
    return w - (y - lr * p / sqrt(top))


@entry(
    paper=_PAPER,
    year=2021,
    reference=Dense(at=_AT, doubts="the paper names this baseline and does not print it"),
)
def optimistic_amsgrad(
    w, g, m=zeros, v=const(1e-8), top=zeros, last=zeros, *, lr=1e-3, b1=0.9, b2=0.999
):
    """Optimistic AMSGrad: twice AMSGrad's direction, less that of the last step.

    The optimism of Daskalakis et al., on the preconditioned direction where OPT-AMSGrad predicts a
    gradient. Both directions take the present rate; the last direction is 0 on the first step. No
    bias correction; the second moment starts at 1e-8 as in OPT-AMSGrad.

    status: unverified
    """
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    top = maximum(top, v)
    u = m / sqrt(top)
    step = 2 * u - last
    last = u
    return lr * step
