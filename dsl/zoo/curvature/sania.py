"""SANIA: Polyak steps for quadratic models, with a diagonal curvature or the Hessian itself."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    conjugate_gradients,
    copy_w,
    equal,
    global_dot,
    hessian_diagonal_at,
    hessian_solve,
    hvp,
    interp,
    maximum,
    minimum,
    rademacher,
    sqrt,
    square,
    where,
    zeros,
)
from dsl.zoo.entry import Dense, entry

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
    gap = 2 * (loss - f_star)
    return where(gap < n, 1 - sqrt(1 - gap / n), 1)


@entry(paper=_PAPER, year=2023, reference=Dense(at={"f_star": 0.01}), hypers=_HYPERS)
def sania_identity(w, g, loss, *, lr=1.0, f_star=0.0):
    """SANIA Identity: a gradient step to where a model of curvature 1 is at f_star.

    The model's least value lies half the squared norm of the gradient below the loss. If that is
    not as low as f_star, the step is the whole gradient.
    """
    return lr * _part(loss, f_star, global_dot(g, g)) * g


@entry(
    paper=_PAPER,
    year=2023,
    reference=Dense(at={"eps": 0.05, "f_star": 0.01}, near=0.25),
    hypers=_HYPERS,
)
def sania_adagrad(w, g, loss, s=zeros, *, lr=1.0, eps=0.1, f_star=0.0):
    """SANIA AdaGrad: a Polyak step preconditioned by the root of the sum of squared gradients.

    The sum holds the current gradient and is bounded from below by eps under the root. The step is
    Newton's step for the quadratic model, or the part of it after which the model is at f_star.
    """
    s = s + square(g)
    u = g / sqrt(maximum(s, eps))
    return lr * _part(loss, f_star, global_dot(g, u)) * u


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
    reference=Dense(at={"b2": 0.9, "eps": 0.05, "f_star": 0.01}, near=0.25),
    hypers=_HYPERS,
)
def sania_adam(w, g, t, loss, v=zeros, *, lr=1.0, b2=0.999, eps=0.1, f_star=0.0):
    """SANIA Adam: a Polyak step preconditioned by the root of the average of squared gradients.

    The average is bias-corrected and then bounded from below by eps under the root; there is no
    momentum. The step is as in AdaGrad.
    """
    v = interp(square(g), v, b2)
    u = g / sqrt(maximum(v / (1 - b2**t), eps))
    return lr * _part(loss, f_star, global_dot(g, u)) * u


@entry(
    paper=_PAPER,
    year=2023,
    reference=Dense(at={"b2": 0.9, "eps": 0.05, "f_star": 0.01}, near=0.25),
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
        near=0.25,
        note="at the defaults, paths from the model's own start part by 1e6 in 50 steps",
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


@entry(
    paper=_PAPER,
    year=2023,
    reference=Dense(at={"lr": 0.25, "eps": 0.5, "f_star": 0.01}, near=0.25),
    hypers=_HYPERS,
)
def sania_hessian_diagonal(w, g, loss, *, lr=1.0, eps=0.1, f_star=0.0):
    """SANIA with the Hessian's diagonal: a Polyak step preconditioned by the exact diagonal.

    The diagonal is that of the batch at the parameters, for models of a few thousand of them; its
    magnitude is bounded from below by eps as in Hutchinson's form, for losses that are not convex.
    The step is as in AdaGrad-SQR.
    """
    u = g / maximum(abs(hessian_diagonal_at(w)), eps)
    return lr * _part(loss, f_star, global_dot(g, u)) * u


@entry(
    paper=_PAPER,
    year=2023,
    reference=Dense(
        at={"eps": 0.25, "f_star": 0.01},
        near=0.25,
    ),
    hypers=_HYPERS,
)
def sania_scaled(w, g, loss, scale=copy_w, *, lr=1.0, eps=0.1, f_star=0.0):
    """SANIA with a given scaling: a Polyak step preconditioned by the square of a fixed vector.

    The vector is the slot `scale`, which never changes. It begins as the parameters at the start;
    put another one there for a scaling that is known, as the authors do with that of their data.
    Its magnitude is bounded from below by eps. The step is as in AdaGrad-SQR.
    """
    u = g / square(maximum(abs(scale), eps))
    return lr * _part(loss, f_star, global_dot(g, u)) * u


@entry(
    paper=_PAPER,
    year=2023,
    reference=Dense(at={"b2": 0.9, "eps": 0.01, "f_star": 0.001, "trials": 6}, near=0.25),
    hypers={**_HYPERS, "trials": Hyper("products with the Hessian at most", 1, whole=True)},
)
def sania_pcg(w, g, t, loss, v=zeros, *, lr=1.0, b2=0.999, eps=1e-2, f_star=0.0, trials=100):
    """SANIA Newton by conjugate gradients: a Polyak step along what they find for Newton's step.

    They are preconditioned by Adam-SQR's diagonal, eps its least entry, and end where the squared
    residual in its inverse falls below 1e-5: the step is the part of what they found after which
    the model is at f_star. Where they meet negative curvature they leave 0.7 of the way so far plus
    0.3 of that direction, and the step is as many of it as the loss holds of its curvature, at most
    5. So it is after the last trial; the authors have two for each parameter, and no answer then.
    """
    v = interp(square(g), v, b2)
    h = 1 / maximum(v / (1 - b2**t), eps)
    u = conjugate_gradients(g, h, 1e-5, trials, 0.7)
    hu = hvp(u)
    r = g - hu
    bent = minimum(abs((loss - f_star) / global_dot(u, hu)), 5)
    part = where(global_dot(r, h * r) < 1e-5, _part(loss, f_star, global_dot(g, u)), bent)
    return lr * part * u


@entry(
    paper=_PAPER,
    year=2023,
    reference=Dense(
        at={"f_star": 0.01},
        doubts="the damping, which stands in for the authors' conjugate gradients",
    ),
    hypers={**_HYPERS, "damping": Hyper("added to the Hessian's eigenvalues")},
)
def sania_newton(w, g, loss, *, lr=1.0, f_star=0.0, damping=4.0):
    """SANIA Newton: the part of Newton's step after which the quadratic model is at f_star.

    The model has the dense Hessian and a damping that keeps it from being singular, and its system
    is solved exactly; the authors iterate preconditioned conjugate gradients on the Hessian alone,
    and take another step where they meet negative curvature (sania_pcg). The damping has to
    outweigh that.

    status: unverified
    """
    u = hessian_solve(g, damping)
    return lr * _part(loss, f_star, global_dot(g, u)) * u
