"""AdamS."""

from dsl.ops import global_mean, interp, sqrt, square, zeros
from dsl.zoo.entry import Reference, entry


@entry(
    paper="On the Overlooked Pitfalls of Weight Decay and How to Mitigate Them: A Gradient-Norm "
    "Perspective (Xie et al.)",
    year=2023,
    reference=Reference(
        "pytorch_optimizer:AdamS",
        {
            "lr": "lr",
            "betas": ("b1", "b2"),
            "eps": "eps",
            "weight_decay": "wd",
            "weight_decouple": True,
            "foreach": False,
        },
    ),
)
def adams(
    w, g, t, m=zeros, v=zeros, *, lr=1e-3, b1=0.9, b2=0.999, eps=1e-8, wd=1e-4
):  # fmt: skip
    """AdamS: Adam with decay that is stronger while gradients are small: stable weight decay.

    The decay is decoupled and divided by the root of the mean second moment of the whole model,
    corrected, with eps added; it reads the parameters before the step. eps is also added to Adam's
    corrected root. On a model whose gradients are all 0 the decay is as large as wd / eps.
    """
    m = interp(g, m, b1)
    v = interp(square(g), v, b2)
    size = sqrt(global_mean(v) / (1 - b2**t)) + eps
    u = m / (1 - b1**t) / (sqrt(v / (1 - b2**t)) + eps)
    return lr * (u + wd / size * w)
