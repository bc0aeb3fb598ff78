"""Adaptive gradient descent with energy."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import equal, global_dot, number, sqrt, square, where, zeros
from dsl.zoo.entry import Dense, entry

_AEGD = "AEGD: Adaptive Gradient Descent with Energy (Liu and Tian)"
_C = Hyper("added to the loss to make it positive", low=float("-inf"))


@entry(paper=_AEGD, year=2020, reference=Dense(at={"c": 0.5}), hypers={"c": _C})
def aegd(w, g, t, loss, r=zeros, *, lr=0.1, wd=0.0, c=1.0):
    """AEGD: descent on the root of the loss, with an energy that only falls in place of its value.

    Every entry's energy starts at sqrt(loss + c) of the first step and is divided on every step, so
    that any lr is stable; the step has the new one. Weight decay is coupled, added after the
    gradient of the loss was turned into that of its root.
    """
    root = sqrt(loss + c)
    v = g / (2 * root) + wd * w
    r = where(equal(t, 1), root, r) / (1 + 2 * lr * square(v))
    return 2 * lr * r * v


@entry(paper=_AEGD, year=2020, reference=Dense(at={"c": 0.5}), hypers={"c": _C})
def aegdw(w, g, t, loss, r=zeros, *, lr=0.6, wd=5e-4, c=1.0):
    """AEGDW: AEGD with decay on the parameters themselves, which the energies do not see.

    The decay is scaled by lr and reads the parameters before the step. Published rates are between
    0.6 and 0.9.
    """
    root = sqrt(loss + c)
    v = g / (2 * root)
    r = where(equal(t, 1), root, r) / (1 + 2 * lr * square(v))
    return 2 * lr * r * v + lr * wd * w


@entry(
    paper="Adaptive Preconditioned Gradient Descent with Energy (Liu et al.)",
    year=2023,
    reference=Dense(
        at={"c": 0.5, "bound": 1},
        doubts="norm and constants of the paper; the metric is one of those that it allows",
    ),
    hypers={"c": _C, "bound": Hyper("half the width of the box that the parameters start in")},
)
def aepg(w, g, t, loss, r=number(0), *, lr=0.1, c=1.0, bound=10.0):
    """AEPG: AEGD in a metric, with one energy for the whole model.

    The metric is the Hessian of a logarithmic barrier of the box |w| < bound, scaled to 1 at the
    origin: entries move less the nearer they are to a side. The energy starts at sqrt(loss + c) of
    the first step, and the step has the new one.
    status: unverified
    """
    root = sqrt(loss + c)
    v = g / (2 * root)
    part = square(w / bound)
    u = square(1 - part) / (1 + part) * v
    r = where(equal(t, 1), root, r) / (1 + 2 * lr * global_dot(v, u))
    return 2 * lr * r * u
