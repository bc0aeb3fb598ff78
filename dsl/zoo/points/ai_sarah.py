"""AI-SARAH."""

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
    zeros,
)
from dsl.zoo.entry import Dense, entry
from dsl.zoo.hypers import Hyper


@entry(
    paper="AI-SARAH: Adaptive and Implicit Stochastic Recursive Gradient Methods (Shi et al.)",
    year=2023,
    reference=Dense(at={"beta": 0.75, "gamma": 0.25}),
    hypers={
        "beta": Hyper("decay of the average of inverse steps", 0, 1),
        "gamma": Hyper("part of the restart's squared norm below which there is a restart", 0, 1),
    },
)
def ai_sarah(w, g, t, v=zeros, n=number(0), d=number(0), *, beta=0.999, gamma=1 / 32):
    """AI-SARAH: a recursive gradient estimate, and one step of Newton's method for the step size."""
    restart = maximum(t < 2, global_dot(v, v) < gamma * n)
    v = when(restart, full_grad_at(w), v)
    n = when(restart, global_dot(v, v), n)
    hv = hvp(v)
    slope = -2 * global_dot(v, hv)
    bend = 2 * global_dot(hv, hv) + 2 * global_dot(v, third_derivative(v, v))
    a = -slope / abs(bend)
    u = minimum(a, 1 / d) * v
    d = when(t < 2, 1 / a, interp(1 / a, d, beta))
    v = grad_at(w - u) - g + v
    return u
