"""Directions changed: noise or decay added, a component taken out, entries masked."""

from dsl.combine.combinator import after, before
from dsl.language.hyperparameters import COMMON, Hyper
from dsl.ops import dot, norm, normal, sqrt, sum, where, zeros


@before("g")
def perp_grad(w, g):
    """Gradients without their component along the parameters, tensor by tensor, at their old norm
    (Prieto et al. 2025).

    1e-30 keeps the denominators from zero: parameters of zero leave the gradient as it is. What is
    left of a gradient along the parameters is rounding (less than 1e-6 of it), and dropped; so a
    tensor of one entry does not move.
    """
    h = g - dot(w, g) / (dot(w, w) + 1e-30) * w
    return where(norm(h) > 1e-6 * norm(g), norm(g) / (norm(h) + 1e-30), 0) * h


@before(
    "g",
    numbers={
        "eta": Hyper("variance of the noise on the first step"),
        "gamma": Hyper("power of the step that the variance falls with"),
    },
)
def gradient_noise(g, t, *, eta=0.01, gamma=0.55):
    """Normal noise of variance eta / t ** gamma added to the gradient (Neelakantan et al. 2015)."""
    return g + sqrt(eta / t**gamma) * normal(0)


@after("u")
def cautious(w, g, u=zeros):
    """Steps without the entries that go up along the gradient (Liang et al. 2024).

    The others are scaled up, tensor by tensor, by the number of entries over one more than the
    number of those that are kept.
    """
    kept = u * g > 0
    return u * kept * (sum(1) / (sum(kept) + 1))


@before("g", numbers={"wd": COMMON["wd"]})
def coupled_decay(w, g, *, wd=0.0):
    """Decay `wd` times the parameters added to the gradient, so a program adapts it too."""
    return g + wd * w


@after("u", shared=("lr",), numbers={"wd": COMMON["wd"]})
def decoupled_decay(w, u=zeros, *, lr=1e-3, wd=0.0):
    """Parameters before the step also shrink by the fraction lr * wd, with the program's rate."""
    return u + lr * wd * w
