"""M-FAC, without matrices of the size of the model."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    global_gram_solve,
    global_member_dot,
    history,
    interp,
    push,
    weighted_sum,
    zeros,
)
from dsl.zoo.entry import Dense, entry

_MEMBERS = 32
"""Gradients in the window; the authors keep 1024 where memory allows."""


@entry(
    paper="M-FAC: Efficient Matrix-Free Approximations of Second-Order Information "
    "(Frantar et al.)",
    year=2021,
    # At the default damping what is left of g is divided by 1e-5, a rounding of it too.
    reference=Dense(at={"b1": 0.75, "damp": 2**-5}, at_defaults=1e-9),
    hypers={"damp": Hyper("added to the eigenvalues of the Fisher matrix")},
)
def m_fac(w, g, h=history(_MEMBERS), v=zeros, *, lr=1e-3, b1=0.0, wd=0.0, damp=1e-5):
    """M-FAC: the gradient times the damped inverse of the mean of past gradients' outer products.

    The dynamic rule over all tensors at once, with a window of 32 gradients (the authors keep up to
    1024): the present one is in it, and those not made yet count as 0, so the mean is over 32 from
    the first step on. The inverse costs products with the window and one system of its size, by
    Woodbury's identity; the authors' recursion gives the same. Momentum is of what the inverse
    leaves, without bias correction. Weight decay is coupled and enters the window.
    """
    g = g + wd * w
    h = push(h, g)
    c = global_gram_solve(h, global_member_dot(h, g), _MEMBERS * damp)
    v = interp((g - weighted_sum(h, c)) / damp, v, b1)
    return lr * v
