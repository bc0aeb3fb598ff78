"""Magma."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import dot, interp, maximum, norm, normal, scalar, sigmoid, sqrt, square, sum, zeros
from dsl.zoo.entry import Dense, entry


@entry(
    paper="Magma: Momentum-Aligned Gradient Masking (arXiv:2602.15322)",
    year=2026,
    reference=Dense(at={"tau": 0.5}),
    hypers={
        "b3": Hyper("decay of the average alignment", 0, 1),
        "tau": Hyper("cosine over which the alignment changes"),
    },
)
def magma(
    w, g, t, m=zeros, v=zeros, aligned=scalar(1),
    *, lr=1e-3, b1=0.9, b2=0.999, b3=0.9, eps=1e-8, wd=0.01, tau=2.0,
):  # fmt: skip
    """Magma: AdamW that leaves out tensors by chance and slows those that turn against momentum.

    Each tensor's step counts with a chance of a half; it is scaled by an average of the sigmoid of
    the cosine between momentum and gradient, over tau, which begins at 1. The coin is the sign of a
    sum of normal numbers here. Both moments are bias-corrected; eps is added to the corrected root.
    Weight decay is decoupled, is left out together with the step, and reads the parameters before.
    """
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    cosine = dot(m, g) / (maximum(norm(m), 1e-8) * maximum(norm(g), 1e-8))
    aligned = interp(sigmoid(cosine / tau), aligned, b3)
    coin = sum(normal(0)) > 0
    u = m / (1 - b1**t) / (sqrt(v / (1 - b2**t)) + eps)
    return coin * aligned * lr * (u + wd * w)
