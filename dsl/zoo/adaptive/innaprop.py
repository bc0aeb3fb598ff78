"""INNAprop."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import equal, interp, sqrt, square, where, zeros
from dsl.zoo.entry import Dense, entry


@entry(
    paper="A second-order-like optimizer with adaptive gradient scaling for deep learning "
    "(Bolte et al.)",
    year=2024,
    reference=Dense(),
    hypers={
        "alpha": Hyper("viscous damping"),
        "beta": Hyper("Newton-type damping; has to be larger than the rate"),
    },
)
def innaprop(
    w, g, t, psi=zeros, v=zeros, *, lr=1e-3, b2=0.999, eps=1e-8, wd=1e-2, alpha=0.1, beta=0.9
):  # fmt: skip
    """INNAprop: an inertial system with Newton-like damping, on gradients scaled as by RMSProp.

    Momentum comes from `psi`, which follows the parameters and starts at (1 - alpha * beta) times
    them, before any decay. The second moment is bias-corrected and eps is added to its root. Weight
    decay is decoupled and comes first: both equations read the decayed parameters.
    """
    psi = where(equal(t, 1), (1 - alpha * beta) * w, psi)
    v = interp(square(g), v, b2)
    x = w - lr * wd * w
    psi = (1 - lr / beta) * psi + lr * (1 / beta - alpha) * x
    pull = ((1 - alpha * beta) * x - psi) / (beta - lr)
    return lr * (wd * w - pull + beta * g / (sqrt(v / (1 - b2**t)) + eps))
