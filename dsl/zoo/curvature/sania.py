"""SANIA: Polyak steps for quadratic models with a diagonal curvature."""

from dsl.ops import equal, global_dot, hvp, interp, maximum, rademacher, sqrt, square, where, zeros
from dsl.zoo.entry import Dense, entry
from dsl.zoo.hypers import Hyper

_PAPER = (
    "SANIA: Polyak-type Optimization Framework Leads to Scale Invariant Stochastic Algorithms "
    "(Abdukhakimov et al.)"
)
_HYPERS = {
    "lr": Hyper("part of the way to the point where the model reaches f_star"),
    "f_star": Hyper("the least loss that is possible"),
}


def _part(loss, f_star, n):
    """The part of a Newton step after which the model, lower by n / 2 at its end, is at f_star."""
    left = 1 - 2 * (loss - f_star) / n
    return 1 - sqrt(where(left > 0, left, 0))


@entry(paper=_PAPER, year=2023, reference=Dense(at={"eps": 0.05, "f_star": 0.01}), hypers=_HYPERS)
def sania_adagrad_sqr(w, g, loss, s=zeros, *, lr=1.0, eps=0.1, f_star=0.0):
    """SANIA AdaGrad-SQR: a Polyak step preconditioned by the sum of squared gradients.

    The sum holds the current gradient, has no root, and is bounded from below by eps. The step is
    Newton's step for the quadratic model, or the part of it after which the model is at f_star.
    """
    s = s + square(g)
    u = g / maximum(s, eps)
    return lr * _part(loss, f_star, global_dot(g, u)) * u


@entry(
    paper=_PAPER,
    year=2023,
    reference=Dense(at={"b2": 0.9, "eps": 0.05, "f_star": 0.01}),
    hypers=_HYPERS,
)
def sania_adam_sqr(w, g, t, loss, v=zeros, *, lr=1.0, b2=0.999, eps=0.1, f_star=0.0):
    """SANIA Adam-SQR: a Polyak step preconditioned by the average of squared gradients.

    The average is bias-corrected, has no root, and is then bounded from below by eps; there is no
    momentum. The step is as in AdaGrad-SQR.
    """
    v = interp(square(g), v, b2)
    u = g / maximum(v / (1 - b2**t), eps)
    return lr * _part(loss, f_star, global_dot(g, u)) * u


@entry(
    paper=_PAPER,
    year=2023,
    reference=Dense(
        at={"b2": 0.9, "eps": 0.5, "f_star": 0.01},
        at_defaults=1e-9,
        note="at the defaults, steps where the diagonal is small pull paths of the model apart",
    ),
    hypers=_HYPERS,
)
def sania_hutchinson(w, g, t, loss, d=zeros, *, lr=1.0, b2=0.999, eps=0.1, f_star=0.0):
    """SANIA Hutchinson: a Polyak step preconditioned by an estimate of the Hessian's diagonal.

    The diagonal is a signed average of Hutchinson's estimates, from the first one on (the authors
    start from a mean of many draws); its magnitude is bounded from below by eps. The step is as in
    AdaGrad-SQR.
    """
    z = rademacher(0)
    estimate = z * hvp(z)
    d = where(equal(t, 1), estimate, interp(estimate, d, b2))
    u = g / maximum(abs(d), eps)
    return lr * _part(loss, f_star, global_dot(g, u)) * u
