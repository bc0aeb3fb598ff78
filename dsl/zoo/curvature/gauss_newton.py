"""Exact Gauss-Newton, with a fixed rate and damping and with either adapted."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    gauss_newton_product,
    gauss_newton_solve,
    global_dot,
    interp,
    line_search,
    loss_at,
    minimum,
    number,
    where,
    zeros,
)
from dsl.zoo.entry import Dense, entry

_PAPER = "Exact Gauss-Newton Optimization for Training Deep Neural Networks (Korbit et al.)"
_DAMPING = {"damping": Hyper("added to the eigenvalues of the Gauss-Newton matrix")}


@entry(
    paper=_PAPER,
    year=2024,
    reference=Dense(at={"b1": 0.75, "damping": 0.25, "lr": 0.25}),
    hypers=_DAMPING,
)
def egn(w, g, t, m=zeros, *, lr=1, b1=0, damping=1):
    """EGN: the gradient over the damped Gauss-Newton matrix of the batch, solved exactly.

    The system has a row for each output of the batch and not for each parameter (Duncan and
    Guttman). Momentum averages the directions and is bias-corrected; by default there is no
    momentum. The form with a fixed rate and damping, the authors' default.
    """
    m = interp(gauss_newton_solve(g, damping), m, b1)
    return lr * m / (1 - b1**t)


@entry(
    paper=_PAPER,
    year=2024,
    reference=Dense(at={"b1": 0.5, "damping": 0.125, "lr": 4}),
    hypers={**_DAMPING, "lr": Hyper("the largest rate")},
)
def egn_line_search(w, g, t, m=zeros, a=number(0), *, lr=1, b1=0, damping=1):
    """EGN with line search: the rate shrinks until the loss falls by a tenth of what slopes say.

    Armijo's condition on the present batch: the search begins at 1.5 times the rate of the step
    before, at most lr, and goes by 0.8 in up to 15 trials. The direction is EGN's, with momentum.
    """
    m = interp(gauss_newton_solve(g, damping), m, b1)
    u = m / (1 - b1**t)
    a = where(t < 2, lr, minimum(1.5 * a, lr))
    a = line_search(u, a, 0.1 * global_dot(g, u), 0.8, 15)
    return a * u


@entry(
    paper=_PAPER,
    year=2024,
    reference=Dense(at={"b1": 0.25, "damping": 4, "lr": 4, "growth": 1.5, "shrink": 0.8}),
    hypers={
        "damping": Hyper("added to the eigenvalues of the Gauss-Newton matrix on the first step"),
        "growth": Hyper("factor of the damping where the model promised too much", 1),
        "shrink": Hyper("factor of the damping where the model kept its promise", 0, 1),
    },
)
def egn_adaptive(
    w, g, t, loss, m=zeros, k=number(0), *, lr=1, b1=0, damping=1, growth=1.01, shrink=0.99
):  # fmt: skip
    """EGN with adaptive damping: the damping follows how well the quadratic model did.

    After Levenberg and Marquardt: it grows after a step that changed the loss of the batch by less
    than a quarter of what the model without damping said, and shrinks after one that did by more
    than three quarters. The next step has the new damping. The direction is EGN's, with momentum.
    """
    k = where(t < 2, damping, k)
    m = interp(gauss_newton_solve(g, k), m, b1)
    u = lr * m / (1 - b1**t)
    said = global_dot(u, gauss_newton_product(u)) / 2 - global_dot(g, u)
    gain = (loss_at(w - u) - loss) / said
    k = where(gain < 0.25, growth * k, where(gain > 0.75, shrink * k, k))
    return u
