"""Gradient descent preconditioned by a polynomial of the Hessian."""

from dsl.ops import global_dot, hvp, rademacher
from dsl.zoo.entry import Dense, entry


@entry(
    paper="Polynomial Preconditioning for Gradient Methods (Doikov and Rodomanov)",
    year=2023,
    reference=Dense(doubts="the constant of the step; estimating the trace from noise is ours"),
)
def polynomial_preconditioned_gd(w, g, *, lr=1e-2):
    """Polynomial preconditioning: the gradient times tr(H) - H, which evens out large eigenvalues.

    The symmetric polynomial of degree 1; that of degree 0 is gradient descent, that of the largest
    degree Newton's method. H is the Hessian of the batch, for the paper's fixed bound of it, and
    its trace is Hutchinson's estimate from one product with random signs: two products a step. lr
    stands for 1 / M, with M at least the largest eigenvalue of (tr(H) - H) H.
    status: unverified
    """
    z = rademacher(0)
    trace = global_dot(z, hvp(z))
    return lr * (trace * g - hvp(g))
