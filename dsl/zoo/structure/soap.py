"""SOAP."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    descending,
    eigenvectors,
    equal,
    every,
    gram,
    identity,
    interp,
    matmul,
    mode_product,
    ndim,
    orthonormal,
    sqrt,
    square,
    transpose,
    when,
    where,
    zeros,
)
from dsl.zoo.entry import Dense, entry


@entry(
    paper="SOAP: Improving and Stabilizing Shampoo using Adam (Vyas et al.)",
    year=2025,
    reference=Dense(at={"b1": 0.9, "b3": 0.8, "period": 3}),
    hypers={
        "b3": Hyper("decay of the second moments along the axes", 0, 1),
        "period": Hyper("steps between changes of the basis", 1, whole=True),
    },
)
def soap(
    w, g, t, m=zeros, v=zeros, h=identity(0), q=identity(1),
    *, lr=3e-3, b1=0.95, b2=0.95, b3=0.95, eps=1e-8, wd=0.01, period=10,
):  # fmt: skip
    """SOAP: Adam in the slowly turning eigenbasis of Shampoo's matrices.

    The first step finds the basis and moves nothing, so Adam's count is one behind. On every
    period-th count a step of power iteration, made orthonormal, turns the basis after it was used;
    the second moment is put in the order of the estimated eigenvalues but not turned, the first one
    is kept as it is. Tensors of fewer than two axes stay in their own basis. The matrices' decay is
    that of the second moment in the authors' defaults. eps is added to the root before its bias
    correction. Weight decay is decoupled and acts on the parameters that the step leaves.
    """
    adam = t - 1
    p = mode_product(transpose(q), g)
    m = when(adam, interp(g, m, b1), m)
    v = when(adam, interp(square(p), v, b2), v)
    u = mode_product(q, mode_product(transpose(q), m) / (sqrt(v) + eps))
    u = lr * sqrt(1 - b2**adam) / (1 - b1**adam) * u
    step = when(adam, u + lr * wd * (w - u), 0)
    h = interp(gram(g), h, b3)
    turn, matrices = every(t, period, 1), ndim(w) > 1
    order = descending(matmul(transpose(q), matmul(h, q)))
    powered = matmul(matmul(h, q), order)
    v = when(turn, where(matrices, mode_product(transpose(order), v), v), v)
    found = when(equal(t, 1), eigenvectors(h), orthonormal(powered))
    q = when(turn, where(matrices, found, q), q)
    return step
