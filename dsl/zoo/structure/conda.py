"""Conda."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    eigenvectors,
    equal,
    every,
    gram,
    identity,
    interp,
    maximum,
    mode_product,
    ndim,
    shortest,
    sqrt,
    square,
    transpose,
    when,
    where,
    zeros,
)
from dsl.zoo.entry import Dense, entry


@entry(
    paper="Conda: Column-Normalized Adam for Training Large Language Models Faster (Wang et al.)",
    year=2025,
    reference=Dense(at={"period": 7}),
    hypers={
        "period": Hyper("steps between changes of the basis", 1, whole=True),
        "scale": Hyper("of the step of a matrix"),
    },
)
def conda(
    w, g, t, m=zeros, v=zeros, q=identity(1),
    *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0, period=2000, scale=1.0,
):  # fmt: skip
    """Conda: Adam on matrices in the basis of the momentum's singular vectors on the shorter side.

    The second moment is that of the gradient in this basis, which is found on the first step and on
    every period-th; it is not turned when the basis changes, and a square matrix is turned on the
    right. Tensors that are no matrices take Adam's step. eps is added to the root before its bias
    correction. Weight decay is decoupled and acts on the parameters that the step leaves.
    """
    m = interp(g, m, b1)
    matrix = equal(ndim(w), 2)
    turn = maximum(equal(t, 1), every(t, period, 0))
    q = when(turn, shortest(eigenvectors(gram(m))), q)
    into = transpose(q)
    v = interp(square(where(matrix, mode_product(into, g), g)), v, b2)
    u = where(matrix, mode_product(into, m), m) / (sqrt(v) + eps)
    u = where(matrix, scale * mode_product(q, u), u)
    u = lr * sqrt(1 - b2**t) / (1 - b1**t) * u
    return u + lr * wd * (w - u)
