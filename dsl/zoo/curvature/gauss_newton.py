"""Exact Gauss-Newton."""

from dsl.ops import gauss_newton_solve, interp, zeros
from dsl.zoo.entry import Dense, entry
from dsl.zoo.hypers import Hyper


@entry(
    paper="Exact Gauss-Newton Optimization for Training Deep Neural Networks (Korbit et al.)",
    year=2024,
    reference=Dense(at={"b1": 0.75, "damping": 0.25, "lr": 0.25}),
    hypers={"damping": Hyper("added to the eigenvalues of the Gauss-Newton matrix")},
)
def egn(w, g, t, m=zeros, *, lr=1, b1=0, damping=1):
    """EGN: the gradient over the damped Gauss-Newton matrix of the batch, solved exactly.

    The system has a row for each output of the batch and not for each parameter (Duncan and
    Guttman). Momentum averages the directions and is bias-corrected; the default is none. The form
    with a fixed rate and damping: the authors also search the rate within a step, and adapt the
    damping to how well the quadratic model did.
    """
    m = interp(gauss_newton_solve(g, damping), m, b1)
    return lr * m / (1 - b1**t)
