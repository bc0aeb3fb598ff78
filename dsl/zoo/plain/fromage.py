"""Fromage."""

from dsl.ops import minimum, norm, sqrt, square, where
from dsl.zoo.entry import Reference, entry


@entry(
    paper="On the Distance between Two Neural Networks and the Stability of Learning "
    "(Bernstein et al.)",
    year=2020,
    reference=Reference("pytorch_optimizer:Fromage", {"lr": "lr", "foreach": False}),
)
def fromage(w, g, *, lr=1e-2):
    """Fromage: each tensor moves by the part lr of its own norm, then shrinks by a constant factor.

    The factor 1 / sqrt(1 + lr**2) undoes the growth that steps at right angles to the parameters
    bring. A tensor whose norm or whose gradient is 0 takes a plain gradient step; Optax bounds both
    norms from below instead.
    """
    size, slope = norm(w), norm(g)
    scale = where(minimum(size, slope) > 0, size / where(slope > 0, slope, 1), 1)
    return w - (w - lr * scale * g) / sqrt(1 + square(lr))
