"""AI-SARAH."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    full_grad_at,
    global_dot,
    grad_at,
    hvp,
    interp,
    maximum,
    minimum,
    number,
    third_derivative,
    when,
    where,
    zeros,
)
from dsl.zoo.entry import Dense, entry


@entry(
    paper="AI-SARAH: Adaptive and Implicit Stochastic Recursive Gradient Methods (Shi et al.)",
    year=2023,
    reference=Dense(
        at={"beta": 0.9, "gamma": 0.65},
        near=0.25,
        note="where the model is not convex, paths a rounding error apart part by 1e7 in 50 steps",
    ),
    hypers={
        "beta": Hyper("decay of the average of inverse steps", 0, 1),
        "gamma": Hyper("part of its squared norm at the restart that the estimate shrinks to", 0),
    },
)
def ai_sarah(w, g, t, v=zeros, n=number(0), d=number(0), *, beta=0.999, gamma=0.03125):
    """AI-SARAH: SARAH's recursive estimate of the gradient, with a step of Newton's for the rate.

    The form of the authors' code. The rate `a` is one step, from 0, towards the least norm of the
    next estimate as a function of the rate; it is bounded by the harmonic average of those before,
    which is made of unbounded ones and starts with the first. The estimate restarts from the
    gradient over all of the data once its squared norm is below gamma times that at the restart,
    on a step that also makes a move along it and a change of it by the batch. For convex losses:
    negative curvature along the estimate makes the rate negative. An estimate of 0, as at a
    minimum, makes 0/0, and squares overflow float32 from 1e19 on. No bias correction, no rate.
    """
    restart = maximum(t < 2, global_dot(v, v) < gamma * n)
    v = when(restart, full_grad_at(w), v)
    n = when(restart, global_dot(v, v), n)
    hv = hvp(v)
    a = global_dot(v, hv) / abs(global_dot(hv, hv) + global_dot(v, third_derivative(v, v)))
    u = minimum(a, 1 / d) * v
    d = where(t < 2, 1 / a, interp(1 / a, d, beta))
    v = v + grad_at(w - u) - g
    return u
