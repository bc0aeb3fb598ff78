"""Adam and AMSGrad on manifolds: rows are points, and each has one second moment."""

from typing import Any

from dsl.combine.manifolds import Manifold, poincare_ball, sphere
from dsl.language.hyperparameters import Hyper
from dsl.ops import interp, maximum, rows, sqrt, zeros
from dsl.zoo.entry import Reference, entry

_PAPER = "Riemannian Adaptive Optimization Methods (Becigneul and Ganea)"
_ROWS: dict[str, Any] = {"ranks": (1, 2, 3, 4), "undefined": "a number is no row of entries"}
_ARGUMENTS: dict[str, Any] = {"lr": "lr", "betas": ("b1", "b2"), "eps": "eps"}
_CURVATURE = {"c": Hyper("the curvature is -c")}


def _averages(manifold: Manifold, x, g, m, v, b1, b2):
    """Both averages, with the Riemannian gradient at `x`."""
    g = manifold.gradient(x, g)
    return interp(g, m, b1), interp(manifold.inner(x, g, g), v, b2)


def _moved(manifold: Manifold, x, m, v, t, lr, b1, b2, eps):
    """The next point, and `m` as a tangent vector there; `v` holds squares."""
    u = m / (1 - b1**t) / (sqrt(v / (1 - b2**t)) + eps)
    y = manifold.retract(x, -lr * u)
    return y, manifold.transport(x, y, m)


@entry(
    paper=_PAPER,
    year=2019,
    reference=Reference(
        **_ROWS,
        target="geoopt.optim:RiemannianAdam",
        arguments=_ARGUMENTS,
        manifold="geoopt.Sphere()",
    ),
)
def riemannian_adam_sphere(w, g, t, m=zeros, v=rows(0), *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8):
    """Riemannian Adam on spheres: momentum travels with each row, whose entries share a rate.

    Rows are points of length 1; others are projected first. The step is a retraction, where the
    paper has the geodesic. Bias corrections and eps, added to the corrected root, are geoopt's. A
    decay added to the gradient would be normal to the sphere and without effect.
    """
    surface = sphere()
    x = surface.project(w)
    m, v = _averages(surface, x, g, m, v, b1, b2)
    y, m = _moved(surface, x, m, v, t, lr, b1, b2, eps)
    return w - y


@entry(
    paper=_PAPER,
    year=2019,
    reference=Reference(
        **_ROWS,
        target="geoopt.optim:RiemannianAdam",
        arguments={**_ARGUMENTS, "amsgrad": True},
        manifold="geoopt.Sphere()",
        at={"b2": 0.9},
    ),
)
def riemannian_amsgrad_sphere(
    w, g, t, m=zeros, v=rows(0), top=rows(0), *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8
):
    """Riemannian AMSGrad on spheres: as Riemannian Adam, with the largest second moment so far.

    The largest is taken before its bias correction, by that of the step at hand. Rows are points of
    length 1; others are projected first. The step is a retraction; eps is added to the corrected
    root.
    """
    surface = sphere()
    x = surface.project(w)
    m, v = _averages(surface, x, g, m, v, b1, b2)
    top = maximum(top, v)
    y, m = _moved(surface, x, m, top, t, lr, b1, b2, eps)
    return w - y


@entry(
    paper=_PAPER,
    year=2019,
    reference=Reference(
        **_ROWS,
        target="geoopt.optim:RiemannianAdam",
        arguments={**_ARGUMENTS, "weight_decay": "wd"},
        manifold="geoopt.PoincareBall(c)",
        at={"c": 1.25, "lr": 0.05},
    ),
    hypers=_CURVATURE,
)
def riemannian_adam_poincare(
    w, g, t, m=zeros, v=rows(0), *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0, c=1.0
):
    """Riemannian Adam in Poincare balls: momentum travels with each row, which has one rate.

    Rows are points within a ball; others are projected first, to 1e-5 below its radius. The step is
    a retraction, where the paper has the geodesic; momentum is transported along it in parallel.
    Bias corrections and eps, added to the corrected root, are geoopt's. Weight decay is coupled,
    added to the gradient before the metric scales it.
    """
    ball = poincare_ball(c)
    x = ball.project(w)
    m, v = _averages(ball, x, g + wd * x, m, v, b1, b2)
    y, m = _moved(ball, x, m, v, t, lr, b1, b2, eps)
    return w - y


@entry(
    paper=_PAPER,
    year=2019,
    reference=Reference(
        **_ROWS,
        target="geoopt.optim:RiemannianAdam",
        arguments={**_ARGUMENTS, "weight_decay": "wd", "amsgrad": True},
        manifold="geoopt.PoincareBall(c)",
        at={"c": 1.25, "lr": 0.05, "b2": 0.9},
    ),
    hypers=_CURVATURE,
)
def riemannian_amsgrad_poincare(
    w, g, t,
    m=zeros, v=rows(0), top=rows(0),
    *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0, c=1.0,
):  # fmt: skip
    """Riemannian AMSGrad in Poincare balls: with the largest second moment so far.

    The largest is taken before its bias correction, by that of the step at hand. Otherwise as
    Riemannian Adam: points outside are projected first, the step is a retraction, eps is added to
    the corrected root, and weight decay is coupled.
    """
    ball = poincare_ball(c)
    x = ball.project(w)
    m, v = _averages(ball, x, g + wd * x, m, v, b1, b2)
    top = maximum(top, v)
    y, m = _moved(ball, x, m, top, t, lr, b1, b2, eps)
    return w - y
