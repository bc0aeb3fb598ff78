"""ASGO and its diagonal form."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import (
    col_sum,
    cols,
    gram,
    identity,
    interp,
    matrix_power,
    mode_product,
    rms,
    shortest,
    sqrt,
    square,
    where,
    zeros,
)
from dsl.zoo.entry import Dense, entry

_PAPER = "ASGO: Adaptive Structured Gradient Optimization (An et al.)"
_UNDEFINED = "the authors give other tensors to Adam"


@entry(
    paper=_PAPER,
    year=2025,
    reference=Dense(ranks=(2,), undefined=_UNDEFINED),
    hypers={"eps": Hyper("keeps the root from being singular")},
)
def asgo(w, g, m=zeros, s=identity(0), *, lr=1e-2, b1=0.9, b2=0.8, eps=1e-10, wd=0.1):
    """ASGO: momentum times the inverse root of the averaged second moment of its shorter side.

    The practical form for matrices: averages without bias correction where the analysis sums, and
    a step of RMS 0.2 before decay; a square matrix is multiplied from the right. eps is added to
    the second moment before the root, which is exact here; the authors approximate it by ten steps
    of a polynomial iteration, with eps in its scale alone, which differs where the moment is nearly
    singular. They also keep the moment of the shorter side only. Weight decay is decoupled and
    reads the parameters before the step.
    """
    m = interp(g, m, b1)
    s = interp(gram(g), s, b2)
    u = mode_product(shortest(matrix_power(s, -0.5, eps)), m)
    size = rms(u)
    return lr * (where(size > 0, 0.2 * u / size, 0) + wd * w)


@entry(
    paper=_PAPER,
    year=2025,
    reference=Dense(ranks=(2,), undefined=_UNDEFINED),
    hypers={"eps": Hyper("keeps the root from zero")},
)
def dasgo(w, g, m=zeros, s=cols(0), *, lr=1e-2, b1=0.9, b2=0.95, eps=1e-8, wd=0.1):
    """DASGO: momentum over the root of the averaged squared gradient of each column.

    The diagonal of ASGO's second moment, of the last axis whichever is shorter: sums over a column,
    averaged without bias correction, eps inside the root. The step has RMS 0.2 before decay. For
    matrices. Weight decay is decoupled and reads the parameters before the step.
    """
    m = interp(g, m, b1)
    s = interp(col_sum(square(g)), s, b2)
    u = m / sqrt(s + eps)
    size = rms(u)
    return lr * (where(size > 0, 0.2 * u / size, 0) + wd * w)
