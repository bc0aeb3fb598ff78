"""SPlus."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    column_count,
    copy_w,
    eigenvectors,
    equal,
    every,
    gram,
    identity,
    interp,
    maximum,
    mode_product,
    ndim,
    row_count,
    sign,
    transpose,
    when,
    where,
    zeros,
)
from dsl.zoo.entry import Dense, entry


@entry(
    paper="A Stable Whitening Optimizer for Efficient Neural Network Training (Frans et al.)",
    year=2025,
    reference=Dense(at={"period": 7, "other": 2**-6}),
    hypers={
        "period": Hyper("steps between changes of the basis", 1, whole=True),
        "other": Hyper("factor on the rate of tensors that are no matrices"),
        "keep": Hyper("decay of the average of the parameters that is evaluated", 0, 1),
    },
)
def splus(
    w, g, t, m=zeros, h=identity(0), q=identity(1), average=copy_w,
    *, lr=0.1, b1=0.9, b2=0.999, wd=0.01, period=100, other=1e-3, keep=0.999,
):  # fmt: skip
    """SPlus: the sign of the momentum in the slowly turning eigenbasis of Shampoo's matrices.

    The basis is found on the first step and on every period-th, after it was used; other tensors
    take plain signs. The rate of a matrix is divided by the mean of its sides, that of others is
    multiplied by `other`. Weight decay is decoupled, at the tensor's rate, and acts on the
    parameters that the step leaves. What is evaluated is the running average of the parameters,
    corrected for its start, which no step reads.
    """
    matrix = equal(ndim(w), 2)
    m = interp(g, m, b1)
    h = interp(gram(g), h, b2)
    turned = mode_product(q, sign(mode_product(transpose(q), m)))
    turn = maximum(equal(t, 1), every(t, period, 0))
    q = when(turn, eigenvectors(h), q)
    rate = lr * where(matrix, 2 / (row_count(w) + column_count(w)), other)
    u = rate * where(matrix, turned, sign(m))
    step = u + rate * wd * (w - u)
    average = interp(average, w - step, (1 - keep) / (1 - keep**t))
    return step, average
