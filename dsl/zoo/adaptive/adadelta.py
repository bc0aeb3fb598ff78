"""Adadelta."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import interp, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="ADADELTA: An Adaptive Learning Rate Method (Zeiler)",
    year=2012,
    reference=Reference(
        "torch.optim:Adadelta", {"lr": "lr", "rho": "b2", "eps": "eps", "weight_decay": "wd"}
    ),
    hypers={
        "lr": Hyper("factor on the step, which has a size of its own"),
        "b2": Hyper("decay of the averages of squared gradients and of squared steps", 0, 1),
        "eps": Hyper("keeps a denominator from zero, and sets the size of the first step"),
    },
)
def adadelta(w, g, v=zeros, d=zeros, *, lr=1.0, b2=0.9, eps=1e-6, wd=0.0):
    """Adadelta: the gradient, scaled by the root mean square of past steps over that of gradients.

    eps is inside both roots; without it nothing would ever move. The numerator ends with the step
    before, and steps are averaged without the rate. No bias correction. PyTorch's and Optax's form
    and defaults (the paper has b2 = 0.95 and no rate). Weight decay is coupled.
    """
    g = g + wd * w
    v = interp(square(g), v, b2)
    u = sqrt(d + eps) / sqrt(v + eps) * g
    d = interp(square(u), d, b2)
    return lr * u
