"""Newton's method with the dense Hessian: saddle-free, and normalized by the gradient."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import abs_hessian_solve, global_norm, hessian_solve
from dsl.zoo.entry import Dense, entry


@entry(
    paper="Identifying and attacking the saddle point problem in high-dimensional non-convex "
    "optimization (Dauphin et al.)",
    year=2014,
    reference=Dense(at={"damping": 0.5}, doubts="the defaults"),
    hypers={"damping": Hyper("added to the eigenvalues' magnitudes")},
)
def saddle_free_newton(w, g, *, lr=0.1, damping=0.1):
    """Saddle-free Newton: Newton's step with the magnitudes of the Hessian's eigenvalues.

    The exact form, with the whole spectrum of the dense Hessian and a damping that stays; the
    paper's scalable form works in a Krylov subspace and searches the damping.

    status: unverified
    """
    return lr * abs_hessian_solve(g, damping)


@entry(
    paper="Gradient-Normalized Smoothness for Optimization with Approximate Hessians "
    "(Semenov et al.)",
    year=2026,
    reference=Dense(at={"gamma": 0.25}, doubts="the default, since the authors search gamma"),
    hypers={"gamma": Hyper("radius over which the Hessian is trusted")},
)
def gradient_normalized_newton(w, g, *, eps=1e-8, gamma=0.1):
    """Gradient-normalized Newton: Newton's step, damped by the gradient's norm over gamma.

    The form with a fixed gamma, the exact Hessian and the Euclidean norm; eps is added to gamma.
    The authors also search gamma within a step, by halving and doubling it from 1. There is no
    rate.

    status: unverified
    """
    return hessian_solve(g, global_norm(g) / (gamma + eps))
