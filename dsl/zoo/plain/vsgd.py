"""VSGD."""

from dsl.language.hyperparameters import Hyper
from dsl.ops import interp, sqrt, square, where, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="Variational Stochastic Gradient Descent for Deep Neural Networks (Chen et al.)",
    year=2024,
    reference=Reference(
        "pytorch_optimizer:VSGD",
        {
            "lr": "lr",
            "eps": "eps",
            "weight_decay": "wd",
            "ghattg": "ratio",
            "ps": "strength",
            "tau1": "tau1",
            "tau2": "tau2",
            "foreach": False,
        },
    ),
    hypers={
        "ratio": Hyper("variance of observed gradients over that of the true one, before any"),
        "strength": Hyper("weight of the prior, in observations"),
        "tau1": Hyper("power of the step by which the variance of the true gradient settles"),
        "tau2": Hyper("power of the step by which the variance of observed ones settles"),
    },
)
def vsgd(
    w, g, t, m=zeros, a=zeros, b=zeros,
    *, lr=0.1, eps=1e-8, wd=0.0, ratio=30.0, strength=1e-8, tau1=0.81, tau2=0.9,
):  # fmt: skip
    """VSGD: the mean of the true gradient, inferred from noisy ones, over its root mean square.

    Observed and true gradients are normal, with Gamma priors on their precisions; `a` and `b` are
    rates of the posteriors. The mean is a blend of the last mean and the gradient by their two
    variances, whose product overflows float32 for gradients of 1e15, in the reference too. eps is
    added to the root. Weight decay is decoupled and reads the parameters before the step.
    """
    shape = 1 + 1e-4 + 2 * strength
    true = where(t > 1, a / shape, 2 * strength / (shape - 1))
    noise = where(t > 1, b / shape, 2 * ratio * strength / (shape - 1))
    last = m
    m = (noise * last + true * g) / (true + noise)
    second = square(m) + true * noise / (true + noise)
    a = interp(2 * strength + second - 2 * m * last + square(last), a, 1 - t**-tau1)
    b = interp(2 * ratio * strength + second - 2 * g * m + square(g), b, 1 - t**-tau2)
    return lr * (m / (sqrt(second) + eps) + wd * w)
