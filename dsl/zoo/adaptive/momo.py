"""MoMo and MoMo-Adam."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import equal, global_dot, interp, maximum, minimum, number, sqrt, square, where, zeros
from dsl.zoo.entry import Dense, entry

_PAPER = "MoMo: Momentum Models for Adaptive Learning Rates (Schaipp et al.)"
_HYPERS = {
    "lr": Hyper("largest learning rate"),
    "lower": Hyper("lower bound of the loss", low=float("-inf")),
}


@entry(paper=_PAPER, year=2024, reference=Dense(), hypers=_HYPERS)
def momo(
    w, g, t, loss, m=zeros, value=number(0), slope=number(0), *, lr=1.0, b1=0.9, wd=0.0, lower=0.0
):  # fmt: skip
    """MoMo: momentum at the rate where an average of past linear models meets the loss's bound.

    The rate is at most lr. Averages start at the first loss, gradient and inner product, without
    bias correction. Weight decay is proximal: the model counts it, and what the step leaves is
    divided by 1 + lr * wd. Momentum of exactly 0 makes no step but decays.
    """
    keep = where(equal(t, 1), 0, b1)
    m = interp(g, m, keep)
    value = interp(loss, value, keep)
    slope = interp(global_dot(g, w), slope, keep)
    shrink = 1 + lr * wd
    gap = maximum(shrink * (value - lower - slope) + global_dot(m, w), 0)
    size = global_dot(m, m)
    rate = where(size > 0, minimum(gap / size, lr), 0)
    return (rate * m + lr * wd * w) / shrink


@entry(paper=_PAPER, year=2024, reference=Dense(at={"lr": 0.25, "lower": 0.01}), hypers=_HYPERS)
def momo_adam(
    w, g, t, loss, m=zeros, v=zeros, value=number(0), slope=number(0),
    *, lr=1e-2, b1=0.9, b2=0.999, eps=1e-8, wd=0.0, lower=0.0,
):  # fmt: skip
    """MoMo-Adam: Adam at the rate where an average of past linear models meets the loss's bound.

    The rate is at most lr over the bias correction of the averages, which all start at 0; the bound
    is scaled by that correction. eps is added to the corrected root. Weight decay is proximal: the
    model counts it, and what the step leaves is divided by 1 + lr * wd. Momentum of exactly 0 makes
    no step but decays.
    """
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    u = m / (sqrt(v / (1 - b2**t)) + eps)
    value = interp(loss, value, b1)
    slope = interp(global_dot(g, w), slope, b1)
    shrink = 1 + lr * wd
    gap = maximum(shrink * (value - (1 - b1**t) * lower - slope) + global_dot(m, w), 0)
    size = global_dot(m, u)
    rate = where(size > 0, minimum(gap / size, lr / (1 - b1**t)), 0)
    return (rate * u + lr * wd * w) / shrink
