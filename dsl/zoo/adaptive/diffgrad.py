"""diffGrad."""

from dsl.ops import interp, sigmoid, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="diffGrad: An Optimization Method for Convolutional Neural Networks (Dubey et al.)",
    year=2020,
    reference=Reference(
        "pytorch_optimizer:DiffGrad",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "weight_decouple": False,
            "foreach": False,
        },
        note="adds 1e-15 to the second moment inside the root, which makes 1e-13 where eps is 1e-3 "
        "and 2e-12 at the default eps",
    ),
)
def diffgrad(w, g, t, m=zeros, v=zeros, last=zeros, *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0):
    """diffGrad: Adam slowed down, to a half at most, where the gradient changes little.

    The gradient before the first is 0. eps is added to the root of the uncorrected second moment
    and both bias corrections scale the whole step, as in the authors' code; Adam here adds eps to
    the corrected root. Weight decay is coupled, so the change compares gradients with decay.
    """
    g = g + wd * w
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    friction = sigmoid(abs(last - g))
    last = g
    return lr * sqrt(1 - b2**t) / (1 - b1**t) * (friction * m / (sqrt(v) + eps))
