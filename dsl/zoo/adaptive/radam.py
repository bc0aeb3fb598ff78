"""RAdam."""

from dsl.ops import interp, sqrt, square, where, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="On the Variance of the Adaptive Learning Rate and Beyond (Liu et al.)",
    year=2020,
    reference=Reference(
        "torch.optim:RAdam",
        {"lr": "lr", "betas": ("b1", "b2"), "eps": "eps", "weight_decay": "wd"},
    ),
)
def radam(w, g, t, m=zeros, v=zeros, *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=0.0):
    """RAdam: Adam scaled down while few gradients make up its second moment, at first momentum.

    Steps on which the second moment amounts to 5 gradients or fewer take the bias-corrected
    momentum alone. eps is added to the root before its correction. Weight decay is coupled (added
    to the gradient).
    """
    g = g + wd * w
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    most = 2 / (1 - b2) - 1
    amount = most - 2 * t * b2**t / (1 - b2**t)
    spread = (amount - 4) * (amount - 2) * most / ((most - 4) * (most - 2) * amount)
    adapted = sqrt(spread) * sqrt(1 - b2**t) / (sqrt(v) + eps)
    return lr * m / (1 - b1**t) * where(amount > 5, adapted, 1)
