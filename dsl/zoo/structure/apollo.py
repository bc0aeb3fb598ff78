"""APOLLO."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    equal,
    every,
    identity,
    interp,
    leading,
    maximum,
    mode_product,
    ndim,
    norm,
    normal,
    scalar,
    shortest,
    sqrt,
    square,
    transpose,
    unfold,
    when,
    where,
    zeros,
)
from dsl.zoo.entry import Dense, entry


@entry(
    paper="APOLLO: SGD-like Memory, AdamW-level Performance (Zhu et al.)",
    year=2024,
    reference=Dense(at={"size": 2, "period": 7, "scale": 0.5, "b2": 0.9}),
    hypers={
        "size": Hyper("dimensions that the gradient is projected to", 1, whole=True),
        "period": Hyper("steps between changes of the projection", 1, whole=True),
        "scale": Hyper("of what is projected back"),
    },
)
def apollo(
    w, g, t, m=zeros, v=zeros, q=identity(0), last=scalar(0),
    *, lr=1e-2, b1=0.9, b2=0.999, eps=1e-6, wd=0.0, size=256, period=200, scale=1.0,
):  # fmt: skip
    """APOLLO: gradients in a random subspace, as long as Adam's steps there would be.

    As the library has it, with one length per tensor; in the paper the full gradient is scaled so.
    A matrix is projected on its shorter side by normal numbers over the root of `size`, drawn anew
    on steps 1, period, 2 period, ..., of at most as many columns as that side is long; a square one
    is projected from the right. The length may grow
    by 1 % a step. What is projected back is multiplied by scale ** 1.5. The moments are kept at
    full size with zeros outside of the projection, and not turned with it. Other tensors are
    stepped as by Adam. eps is added to the root before its bias correction. Weight decay is
    decoupled, scaled by the corrected rate, and acts on the parameters that the step leaves.
    """
    matrices = equal(ndim(w), 2)
    fresh = maximum(equal(t, 1), every(t, period, 0))
    q = when(fresh, shortest(leading(unfold(normal(1)) / sqrt(size), size)), q)
    r = where(matrices, mode_product(transpose(q), g), g)
    m = interp(r, m, b1)
    v = interp(square(r), v, b2)
    u = m / (sqrt(v) + eps)
    long = r * norm(u) / (norm(r) + 1e-8)
    grown = maximum(norm(long) / (last + 1e-8), 1.01) / 1.01
    long = where(equal(t, 1), long, long / grown)
    last = norm(long)
    u = where(matrices, mode_product(q, long) * scale**1.5, u)
    rate = lr * sqrt(1 - b2**t) / (1 - b1**t)
    return rate * (u + wd * (w - rate * u))
