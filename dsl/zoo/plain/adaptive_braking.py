"""SGD with momentum and adaptive braking."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import dot, maximum, norm, zeros
from dsl.zoo.entry import Dense, entry


@entry(
    paper="Adaptive Braking for Mitigating Gradient Delay (Venigalla et al.)",
    year=2020,
    reference=Dense(
        at={"lr": 0.05, "eps": 0.05, "rho": 0.5},
        doubts="the equation, the value of rho and eps, and whether the angle is each tensor's",
    ),
    hypers={"rho": Hyper("strength of the brake: 0 for heavy ball")},
)
def adaptive_braking(w, g, m=zeros, *, lr=1e-2, b1=0.9, eps=1e-8, rho=2.0):
    """Adaptive braking: heavy ball that weighs a gradient by its angle to the momentum.

    In each tensor the gradient is scaled by 1 - rho * cosine: one that opposes the momentum counts
    for more, an aligned one for less, and for rho > 1 it may even be turned round. eps bounds the
    product of the norms from below, so on the first step the scale is 1.
    status: unverified
    """
    cosine = dot(g, m) / maximum(norm(g) * norm(m), eps)
    m = b1 * m + (1 - rho * cosine) * g
    return lr * m
