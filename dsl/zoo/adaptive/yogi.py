"""Yogi."""

from dsl.ops import const, interp, sign, sqrt, square
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Adaptive Methods for Nonconvex Optimization (Zaheer et al.)",
    year=2018,
    reference=Reference(
        "optax:yogi",
        {"learning_rate": "lr", "b1": "b1", "b2": "b2", "eps": "eps"},
        at={"b2": 0.9},
    ),
)
def yogi(w, g, t, m=const(1e-6), v=const(1e-6), *, lr=1e-2, b1=0.9, b2=0.999, eps=1e-3):
    """Yogi: Adam whose second moment moves by a part of the squared gradient, up or down.

    In Adam it moves by a part of the difference, so a large one is forgotten faster. The libraries'
    form: both averages start at 1e-6 and are bias-corrected nevertheless; eps is added to the
    corrected root.
    """
    m = interp(g, m, b1)
    v = v - (1 - b2) * sign(v - square(g)) * square(g)
    return lr * (m / (1 - b1**t) / (sqrt(v / (1 - b2**t)) + eps))
