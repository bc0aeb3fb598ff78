"""M-SVAG."""

from dsl.ops import clip, interp, minimum, square, where, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Dissecting Adam: The Sign, Magnitude and Variance of Stochastic Gradients "
    "(Balles and Hennig)",
    year=2018,
    reference=Reference(
        "pytorch_optimizer:MSVAG",
        {"lr": "lr", "beta": "b1", "foreach": False},
        at={"lr": 0.05},
    ),
)
def msvag(w, g, t, m=zeros, v=zeros, *, lr=1e-2, b1=0.9):
    """M-SVAG: momentum, shortened in every entry by how much of it is noise.

    The factor is u^2 / (u^2 + rho s), for the corrected momentum u, the variance s estimated from
    both moments and the part rho of a gradient's variance that momentum keeps; all averages have
    one decay, b1. On the first step, where rho is 1, the library takes 0.9999. An entry without
    momentum stays.
    """
    m = interp(g, m, b1)
    v = interp(square(g), v, b1)
    past = b1**t
    rho = (1 - b1) * (1 + past) / ((1 + b1) * (1 - past))
    rho = minimum(rho, 0.9999)
    u = m / (1 - past)
    s = (v / (1 - past) - square(u)) / (1 - rho)
    factor = square(u) / (square(u) + rho * s)
    return lr * u * where(square(u) > 0, clip(factor, 0, 1), 0)
