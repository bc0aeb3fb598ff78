"""OASIS."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    copy_w,
    equal,
    global_dot,
    grad_at,
    hvp,
    interp,
    maximum,
    minimum,
    number,
    rademacher,
    sqrt,
    when,
    where,
    zeros,
)  # fmt: skip
from dsl.zoo.entry import Dense, entry


@entry(
    paper="Doubly Adaptive Scaled Algorithm for Machine Learning Using Second-Order Information "
    "(Jahani et al.)",
    year=2022,
    reference=Dense(
        at={"b2": 0.9, "eps": 1},
        near=0.25,
        note="at the defaults, paths from the model's own start part by 3e5 in 50 steps",
        doubts="the defaults, and that the product with the Hessian is taken at w",
    ),
    hypers={"lr": Hyper("the first step; the rule finds the others")},
)
def oasis(
    w, g, t, d=zeros, last=copy_w, eta=number(0), theta=number(0), *, lr=0.1, b2=0.999, eps=1e-3
):  # fmt: skip
    """OASIS: gradient over the Hessian's diagonal, at a rate found from the change of gradients.

    The diagonal is a signed average of Hutchinson's estimates, from the first one on (the authors
    start from a mean of several draws); its magnitude is bounded from below by eps. The rate is
    half the inverse of a local smoothness constant in the norm of that diagonal, and grows by
    sqrt(1 + theta) at most, theta being the last growth; both gradients are those of the batch at
    hand. The second step has no bound on growth. Where the gradient did not change, the bound alone
    decides. lr is the first step.

    status: unverified
    """
    z = rademacher(0)
    estimate = z * hvp(z)
    d = where(equal(t, 1), estimate, interp(estimate, d, b2))
    p = maximum(abs(d), eps)
    grown = sqrt(1 + theta) * eta
    moved = w - last
    change = g - grad_at(last)
    bend = global_dot(change, change / p)
    smooth = 0.5 * sqrt(global_dot(moved, p * moved) / bend)
    bounded = where(t > 2, minimum(grown, smooth), smooth)
    rate = when(t > 1, where(bend > 0, bounded, grown), lr)
    theta = where(t > 1, rate / eta, theta)
    eta = rate
    last = w
    return rate * g / p
